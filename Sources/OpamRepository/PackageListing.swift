internal import Archive
internal import Core

/// The files of a package version that are used.
struct PackageListing {
    let opam: FileReference
    /// The source of the package, in repositories with the format of opam 1.
    let url: FileReference?
    /// The files of the directory `files` by relative path.
    let files: [FilePath: FileReference]
}

/// Collects the files next to an opam file, within limits.
struct FileCollector {
    private(set) var files: [FilePath: FileReference] = [:]
    private var visited = 0
    private var bytes = 0

    /// Whether another entry may be examined.
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

    /// Why a file name is not supported by the store or by all operating systems; nil if it is.
    static func problem(withName name: FilePath) -> String? {
        if name.encoded.utf8.count > 255 { return "the name of the file is longer than 255 bytes" }
        if name.isEmpty || name == "." || name == ".." || name.text?.lowercased() == ".git" {
            return "the name of the file is not allowed"
        }
        return nil
    }
}
