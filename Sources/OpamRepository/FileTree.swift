package import Core
package import Git

/// Where repositories are read from: folders and files, in a commit of git or on the disk.
///
/// An implementation belongs to one thread at a time.
protocol FileTree {
    /// The folder that everything lies in.
    var root: FileReference { get }

    /// What lies in a folder, in any order.
    ///
    /// - Throws: When the folder can't be read, or has more entries than the limit.
    func entries(of folder: FileReference) throws(Failure) -> [FileEntry]

    /// The bytes of a file.
    ///
    /// - Throws: When the file can't be read, or is larger than `limit` bytes.
    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8]

    /// What changes whenever the bytes of the file, or of any file in the folder, do.
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
    case path(String)
}

/// A name in a folder.
struct FileEntry: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case file, folder
        /// A symbolic link that leads nowhere or stands in git, a submodule, a device.
        case other
    }

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
    /// Files beside an opam file.
    static let extraFiles = 2_000
    /// How deep folders beside an opam file may nest.
    static let depth = 8
}
