internal import Archive
package import Core
package import Git

/// Where repositories are read from: folders and files, in a commit of git or on the disk.
///
/// An implementation belongs to one thread at a time.
protocol FileTree {
    /// The folder that everything is in.
    var root: FileReference { get }

    /// What is in a folder, in any order.
    ///
    /// - Throws: When the folder can't be read, or has more entries than the limit.
    func entries(of folder: FileReference) throws(Failure) -> [FileEntry]

    /// The same with the bytes of the names, which need not be UTF-8.
    func entriesWithNames(of folder: FileReference) throws(Failure) -> [(name: FilePath, entry: FileEntry)]

    /// The bytes of a file.
    ///
    /// - Throws: When the file can't be read, or is larger than `limit` bytes.
    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8]

    /// How many bytes a file has.
    ///
    /// - Throws: When that cannot be found out.
    func size(of file: FileReference) throws(Failure) -> Int

    /// Where a symbolic link leads: a path relative to the link's folder, or an absolute one.
    ///
    /// - Throws: When the link cannot be read.
    func target(of link: FileReference) throws(Failure) -> String

    /// What changes whenever the bytes of the file, or of any file in the folder, do. What a link of git leads to does
    /// not count.
    func contentID(of entry: FileEntry) throws(Failure) -> ContentID

    /// How a message names a path in the tree.
    func describe(_ path: String) -> String
}

extension FileTree {
    /// What has the name in the folder; nil when nothing has.
    func entry(_ name: String, in folder: FileReference) throws(Failure) -> FileEntry? {
        try entries(of: folder).first { $0.name == name }
    }
}

/// Where a file or a folder of a tree is.
enum FileReference: Hashable, Sendable {
    case object(ObjectID)
    /// Relative to the root.
    case path(FilePath)
}

/// A name in a folder.
struct FileEntry: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case file, folder
        /// A symbolic link of git. Those on the disk are followed by the kernel.
        case link
        case submodule
        /// A symbolic link on the disk that leads nowhere, a device, a pipe, a socket.
        case other

        /// The kind in words.
        var description: String {
            switch self {
            case .file: "a file"
            case .folder: "a folder"
            case .link: "a symbolic link"
            case .submodule: "a submodule"
            case .other: "neither a file nor a folder"
            }
        }
    }

    /// What is not UTF-8 in it is replaced by U+FFFD.
    let name: String
    let kind: Kind
    let reference: FileReference
}

/// Stands for the contents of a file or a folder: as long as it is the same, they are.
package enum ContentID: Hashable, Sendable, CustomStringConvertible {
    /// The object of git that holds them.
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

/// What is read at most, so that no repository can exhaust the machine.
enum RepositoryLimit {
    /// Entries of one folder.
    static let entries = 200_000
    /// Bytes of a file beside an opam file.
    static let extraFile = 32 << 20
    /// Bytes of all files beside an opam file.
    static let extraFileBytes = 128 << 20
    /// Files and folders beside an opam file.
    static let extraFiles = 2_000
    /// How deep folders beside an opam file may nest.
    static let depth = 8
    /// Entries of all folders of a package name on the disk that are looked at.
    static let stampedEntries = 50_000
    /// Symbolic links that one path may lead through, as for the Linux kernel.
    static let links = 40
    /// Bytes of a symbolic link's target, as for the Linux kernel.
    static let linkTarget = 4_096
}
