/// A member of an archive, without its contents.
public struct ArchiveEntry: Hashable, Sendable {
    /// The types of members.
    public enum Kind: Hashable, Sendable {
        case file
        case directory
        case symbolicLink(target: FilePath)
        /// Another name of an earlier member.
        case hardLink(target: FilePath)
        /// A device, a FIFO or a socket; never unpacked.
        case special
    }

    /// The path in the archive: relative, with components separated by `/`.
    public var path: FilePath
    /// The type of the member.
    public var kind: Kind
    /// The low twelve bits of the mode.
    public var permissions: UInt32
    /// The size of a file in bytes; 0 for other types.
    public var size: Int
    /// The modification time in seconds since 1970.
    public var modified: Int
    /// The numeric ids of the owner.
    public var owner: Owner
    /// Extended attributes by their names: `security.capability`, and those of users.
    public var attributes: [String: [UInt8]]

    public init(
        path: FilePath, kind: Kind, permissions: UInt32, size: Int = 0, modified: Int = 0,
        owner: Owner = Owner(user: 0, group: 0), attributes: [String: [UInt8]] = [:]
    ) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        self.size = size
        self.modified = modified
        self.owner = owner
        self.attributes = attributes
    }
}

/// The numeric owner of a file.
public struct Owner: Hashable, Sendable, Codable {
    /// The user's numeric id.
    public var user: UInt32
    /// The group's numeric id.
    public var group: UInt32

    public init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }

    /// The owner with ids 1 to 65535 increased by `offset`; root and greater ids are unchanged.
    public func shifted(up offset: UInt32) -> Owner {
        func shifted(_ id: UInt32) -> UInt32 { (1...0xFFFF).contains(id) ? id + offset : id }
        return Owner(user: shifted(user), group: shifted(group))
    }

    /// The owner with ids that root file systems do not map, above 65535, replaced by those of `nobody`.
    var mapped: Owner {
        func mapped(_ id: UInt32) -> UInt32 { id <= 0xFFFF ? id : 65534 }
        return Owner(user: mapped(user), group: mapped(group))
    }

    /// The inverse of `shifted(up:)`.
    public func shifted(down offset: UInt32) -> Owner {
        func shifted(_ id: UInt32) -> UInt32 { id > offset && id - offset <= 0xFFFF ? id - offset : id }
        return Owner(user: shifted(user), group: shifted(group))
    }
}
