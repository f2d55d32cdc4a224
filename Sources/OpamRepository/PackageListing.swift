internal import Core

/// The files of a package version that count.
struct PackageListing {
    let opam: FileReference
    /// The source of the package, in repositories that were made for opam 1.
    let url: FileReference?
    /// Those in the folder `files`, by their paths in there.
    let files: [String: FileReference]
}

/// Collects the files beside an opam file, within limits.
struct FileCollector {
    private(set) var files: [String: FileReference] = [:]
    private var visited = 0
    private var bytes = 0

    /// Whether another entry may be looked at.
    mutating func mayVisit(depth: Int) -> Bool {
        visited += 1
        return depth < RepositoryLimit.depth && visited <= RepositoryLimit.extraFiles
    }

    /// Adds a file; false where it is too large.
    mutating func add(_ path: String, _ file: FileReference, size: Int) -> Bool {
        bytes += size
        files[path] = file
        return size <= RepositoryLimit.extraFile && bytes <= RepositoryLimit.extraFileBytes
    }

    /// Why a name can be kept neither in the store nor on every system; nil where it can.
    static func problem(withName name: String) -> String? {
        if name.contains("\u{FFFD}") { return "the name of the file is not UTF-8" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            return "the name of the file has a control character"
        }
        if name.utf8.count > 255 { return "the name of the file is longer than 255 bytes" }
        if ["", ".", ".."].contains(name) || name.lowercased() == ".git" {
            return "the name of the file is not allowed"
        }
        return nil
    }
}
