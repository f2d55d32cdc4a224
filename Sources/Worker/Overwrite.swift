internal import Archive
internal import Model

/// A file of an input's that a build changed, or a record of opam's.
struct Overwrite: Hashable, Sendable, CustomStringConvertible {
    /// Relative to the prefix of the switch.
    var path: FilePath
    /// The package whose file it is, with its version, or `opam`.
    var owner: String
    /// `changed`, `removed`, …
    var change: String

    var description: String { "\(path) of \(owner) (\(change))" }

    /// Why a package that changed these cannot be kept.
    static func reason(_ overwrites: [Overwrite]) -> String {
        let named = overwrites.prefix(3).map(\.description).joined(separator: ", ")
        let more = overwrites.count > 3 ? ", and \(overwrites.count - 3) more" : ""
        return "the package changes files of other packages: \(named)\(more)"
    }

    var recorded: CellResult.Overwrite { CellResult.Overwrite(path: path.encoded, owner: owner) }
}

/// A layer below a build, and whose it is.
struct OwnedLayer: Hashable, Sendable {
    /// Unpacked, on this machine.
    var directory: String
    /// A package with its version, or ``opam``.
    var owner: String

    /// The owner of what describes the switch as a whole.
    static let opam = "opam"
}
