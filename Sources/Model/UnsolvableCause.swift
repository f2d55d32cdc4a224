/// The constraint that leaves a cell without a solution.
///
/// - SeeAlso: `docs/decisions/0208-unsolvable-causes.md`
public struct UnsolvableCause: Codable, Hashable, Sendable {
    /// The kinds of constraints.
    public enum Class: String, Codable, Sendable, CaseIterable {
        /// What the package itself needs of the compiler.
        case ownOCaml = "own-ocaml"
        /// Something else about the package itself: another need, or its files.
        case own
        /// Constraints of packages that it depends on, or a package that can only be selected when it is asked for exactly.
        case dependency
        /// A conflict between packages.
        case conflict

        /// The class in words, after a number of cells.
        public var words: String {
            switch self {
            case .ownOCaml: "by their own OCaml bound"
            case .own: "by another need of their own"
            case .dependency: "through a dependency"
            case .conflict: "by a conflict"
            }
        }
    }

    /// What kind of constraint it is.
    public var `class`: Class
    /// The package that has the constraint, by name.
    public var package: String
    /// The constraint, as a person reads it: `typerep v0.16.0 needs ocaml >= 4.14.0 & < 5.3`.
    public var sentence: String

    public init(_ class: Class, package: String, sentence: String) {
        self.class = `class`
        self.package = package
        self.sentence = sentence
    }
}
