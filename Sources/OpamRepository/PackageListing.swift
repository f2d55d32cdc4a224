internal import Archive
internal import Core

/// The files of a package version that count.
struct PackageListing {
    let opam: FileReference
    /// The source of the package, in repositories that were made for opam 1.
    let url: FileReference?
    /// Those in the folder `files`, by their paths in there.
    let files: [FilePath: FileReference]
}

/// Collects the files beside an opam file, within limits.
struct FileCollector {
    private(set) var files: [FilePath: FileReference] = [:]
    private var visited = 0
    private var bytes = 0

    /// Whether another entry may be looked at.
    mutating func mayVisit(depth: Int) -> Bool {
        visited += 1
        return depth < RepositoryLimit.depth && visited <= RepositoryLimit.extraFiles
    }

    /// Adds a file; false if it is too large.
    mutating func add(_ path: FilePath, _ file: FileReference, size: Int) -> Bool {
        bytes += size
        files[path] = file
        return size <= RepositoryLimit.extraFile && bytes <= RepositoryLimit.extraFileBytes
    }

    /// Why a name can be kept neither in the store nor on every system; nil if it can.
    static func problem(withName name: FilePath) -> String? {
        if name.encoded.utf8.count > 255 { return "the name of the file is longer than 255 bytes" }
        if name.isEmpty || name == "." || name == ".." || name.text?.lowercased() == ".git" {
            return "the name of the file is not allowed"
        }
        return nil
    }
}
