internal import Archive
package import Core
package import Git

/// The files and directories of a repository, in a git commit or on disk.
///
/// An instance is used by one thread at a time.
protocol FileTree {
    /// The root directory.
    var root: FileReference { get }

    /// The entries of a directory in any order.
    ///
    /// - Throws: a failure if the directory cannot be read or has more entries than the limit.
    func entries(of directory: FileReference) throws(Failure) -> [FileEntry]

    /// The entries with the bytes of their names, which need not be valid UTF-8.
    func entriesWithNames(of directory: FileReference) throws(Failure) -> [(name: FilePath, entry: FileEntry)]

    /// The bytes of a file.
    ///
    /// - Throws: a failure if the file cannot be read or has more than `limit` bytes.
    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8]

    /// The size of a file in bytes.
    ///
    /// - Throws: a failure if the size cannot be determined.
    func size(of file: FileReference) throws(Failure) -> Int

    /// The target of a symbolic link: a path relative to the link's directory, or an absolute one.
    ///
    /// - Throws: a failure if the link cannot be read.
    func target(of link: FileReference) throws(Failure) -> String

    /// An identifier that changes whenever the bytes of the file, or of any file in the directory, change. The targets
    /// of symbolic links in git are not covered.
    func contentID(of entry: FileEntry) throws(Failure) -> ContentID

    /// The description of a path in the tree, for messages.
    func describe(_ path: String) -> String
}

extension FileTree {
    /// The entry of a directory with this name; nil if there is none.
    func entry(_ name: String, in directory: FileReference) throws(Failure) -> FileEntry? {
        try entries(of: directory).first { $0.name == name }
    }
}

/// Refers to a file or a directory of a tree.
enum FileReference: Hashable, Sendable {
    case object(ObjectID)
    /// The path relative to the root.
    case path(FilePath)
}

/// An entry of a directory.
struct FileEntry: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case file, directory
        /// A symbolic link in git. Links on disk are followed by the kernel.
        case link
        case submodule
        /// A broken symbolic link on disk, a device, a pipe or a socket.
        case other

        /// The kind in words.
        var description: String {
            switch self {
            case .file: "a file"
            case .directory: "a directory"
            case .link: "a symbolic link"
            case .submodule: "a submodule"
            case .other: "neither a file nor a directory"
            }
        }
    }

    /// The name, with invalid UTF-8 replaced by U+FFFD.
    let name: String
    let kind: Kind
    let reference: FileReference
}

/// Identifies the contents of a file or a directory: equal identifiers mean equal contents.
package enum ContentID: Hashable, Sendable, CustomStringConvertible {
    /// The git object of the contents.
    case object(ObjectID)
    /// A digest of sizes, times and inode numbers.
    case stamp(Digest)

    package var description: String {
        switch self {
        case .object(let id): id.hex
        case .stamp(let digest): digest.hex
        }
    }
}

/// Limits on what is read, so that no repository can exhaust the machine.
enum RepositoryLimit {
    /// The entries of one directory.
    static let entries = 200_000
    /// The bytes of one file next to an opam file.
    static let extraFile = 32 << 20
    /// The bytes of all files next to an opam file.
    static let extraFileBytes = 128 << 20
    /// The number of files and directories next to an opam file.
    static let extraFiles = 2_000
    /// The nesting depth of directories next to an opam file.
    static let depth = 8
    /// The number of entries on disk that are examined for one package name.
    static let stampedEntries = 50_000
    /// The number of symbolic links in the resolution of one path, as in the Linux kernel.
    static let links = 40
    /// The bytes of a symbolic link's target, as in the Linux kernel.
    static let linkTarget = 4_096
}
