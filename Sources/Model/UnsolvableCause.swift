/// The constraint that makes a cell unsolvable.
///
/// - SeeAlso: `docs/decisions/0208-unsolvable-causes.md`
public struct UnsolvableCause: Codable, Hashable, Sendable {
    /// The kinds of constraints.
    public enum Class: String, Codable, Sendable, CaseIterable {
        /// A constraint of the package itself on the compiler.
        case ownOCaml = "own-ocaml"
        /// Another constraint of the package itself, or an error in its files.
        case own
        /// Constraints of its dependencies, or a package that is only selected if it is requested explicitly.
        case dependency
        /// A conflict between packages.
        case conflict

        /// The class in words, to follow a number of cells.
        public var words: String {
            switch self {
            case .ownOCaml: "by their own OCaml bound"
            case .own: "by another need of their own"
            case .dependency: "through a dependency"
            case .conflict: "by a conflict"
            }
        }
    }

    /// The class of the constraint.
    public var `class`: Class
    /// The name of the package that has the constraint.
    public var package: String
    /// The constraint, for people: `typerep v0.16.0 needs ocaml >= 4.14.0 & < 5.3`.
    public var sentence: String

    public init(_ class: Class, package: String, sentence: String) {
        self.class = `class`
        self.package = package
        self.sentence = sentence
    }
}
