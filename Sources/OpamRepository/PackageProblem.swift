package import Core

/// A problem with a file of a package, or with a directory that should contain one.
///
/// - SeeAlso: `docs/decisions/0135-unusable-versions.md`
package struct PackageProblem: Hashable, Sendable {
    /// The effect of the problem on the package.
    package enum Effect: String, Sendable {
        /// The version, or the directory, is ignored.
        case leftOut = "out"
        /// A field that the solver uses is ignored.
        case solving
        /// Another field of the opam file is ignored.
        case building
    }

    /// The package's name.
    package var name: String
    /// The version; nil if the problem does not concern a single version.
    package var version: String?
    /// The effect on the package.
    package var effect: Effect
    /// The message, beginning with the path in the repository.
    package var message: String
    /// The message beginning with the location of the repository; nil if `message` is complete.
    package var locatedMessage: String?

    package init(name: String, version: String?, effect: Effect, message: String) {
        self.name = name
        self.version = version
        self.effect = effect
        self.message = message
    }

    /// The warning for users.
    package var warning: Diagnostic { Diagnostic(.warning, locatedMessage ?? message) }

    private static let separator: Character = "\u{2}"

    /// An encoding of everything but the name.
    var stored: String {
        [effect.rawValue, version ?? "", message].joined(separator: String(Self.separator))
    }

    /// Decodes a text produced by `stored`.
    init?(name: String, stored: String) {
        let parts = stored.split(separator: Self.separator, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let effect = Effect(rawValue: String(parts[0])) else { return nil }
        self.init(
            name: name, version: parts[1].isEmpty ? nil : String(parts[1]), effect: effect, message: String(parts[2]))
    }
}
