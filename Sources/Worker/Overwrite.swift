internal import Archive
internal import Model

/// A file of an input, or of opam's state, that a build changed.
///
/// - SeeAlso: `docs/decisions/0116-protected-files.md`
struct Overwrite: Hashable, Sendable, CustomStringConvertible {
    /// The path relative to the prefix of the switch.
    var path: FilePath
    /// The package that owns the file, with its version, or `opam`.
    var owner: String
    /// `changed`, `removed`, …
    var change: String

    var description: String { "\(path) of \(owner) (\(change))" }

    /// The reason why a package with these changes is rejected.
    static func reason(_ overwrites: [Overwrite]) -> String {
        let named = overwrites.prefix(3).map(\.description).joined(separator: ", ")
        let more = overwrites.count > 3 ? ", and \(overwrites.count - 3) more" : ""
        return "the package changes files of other packages: \(named)\(more)"
    }

    var recorded: CellResult.Overwrite { CellResult.Overwrite(path: path.encoded, owner: owner) }
}

/// A lower layer of a build, and its owner.
struct OwnedLayer: Hashable, Sendable {
    /// The directory of the unpacked layer on this machine.
    var directory: String
    /// A package with its version, or ``opam``.
    var owner: String

    /// The owner of the state of the whole switch.
    static let opam = "opam"
}
