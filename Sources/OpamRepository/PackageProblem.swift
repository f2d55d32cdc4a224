package import Core

/// What is wrong with a file of a package, or with a folder that would be one.
///
/// - SeeAlso: `docs/decisions/0135-unusable-versions.md`
package struct PackageProblem: Hashable, Sendable {
    /// What the problem costs the package.
    package enum Effect: String, Sendable {
        /// The version, or the folder, is left out.
        case leftOut = "out"
        /// A field that decides what can be installed with what does not count.
        case solving
        /// Something else in the opam file does not count.
        case building
    }

    /// The package's name.
    package var name: String
    /// Nil if no single version is concerned.
    package var version: String?
    /// What the problem costs the package.
    package var effect: Effect
    /// With its place in the repository before it.
    package var message: String
    /// The same with where the repository is; nil if the message is complete without.
    package var place: String?

    package init(name: String, version: String?, effect: Effect, message: String) {
        self.name = name
        self.version = version
        self.effect = effect
        self.message = message
    }

    /// As users see it.
    package var warning: Diagnostic { Diagnostic(.warning, place ?? message) }

    private static let separator: Character = "\u{2}"

    /// A text that has all but the name.
    var stored: String {
        [effect.rawValue, version ?? "", message].joined(separator: String(Self.separator))
    }

    /// Reads a text of the form `stored`.
    init?(name: String, stored: String) {
        let parts = stored.split(separator: Self.separator, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let effect = Effect(rawValue: String(parts[0])) else { return nil }
        self.init(
            name: name, version: parts[1].isEmpty ? nil : String(parts[1]), effect: effect, message: String(parts[2]))
    }
}
