/// The answer to `machine-image`: a recipe for making a machine image from an installer or a disk image that the
/// distribution publishes.
///
/// ciso starts a virtual machine for each of the ``boots`` and conducts the dialogue with its serial console.
///
/// - SeeAlso: `docs/decisions/0280-machine-image-recipes.md`
public struct MachineImageRecipe: Codable, Hashable, Sendable {
    /// The kinds of files that images are made from.
    public enum Source: String, Codable, Hashable, Sendable, CaseIterable {
        /// A CD that installs the system (`.iso`).
        case installerCD = "installer-cd"
        /// A disk that installs the system (`.img`), which stays unchanged.
        case installerDisk = "installer-disk"
        /// The disk of an installed system, which is copied to the image.
        case systemDisk = "system-disk"
    }

    /// The kind of the user's file.
    public var source: Source
    /// How the file is verified if the user gives no checksum.
    public var verification: InstallerVerification
    /// The size of the image's disk in bytes; for a copy of an installed system, the minimum size.
    public var diskSize: Int
    /// The memory in bytes of the machine on which the image is made. Its other hardware is described by
    /// ``TargetDescription/machine``.
    public var memory: Int
    /// The login that accepts the key and may become root.
    public var login: String
    /// Files that boots with a network may read by HTTP, by name.
    public var files: [String: String]
    /// An additional disk with files.
    public var seed: SeedDisk?
    /// The boots of the machine, in order. Each ends when the machine powers off or restarts.
    public var boots: [InstallerBoot]

    public init(
        source: Source, verification: InstallerVerification, diskSize: Int, memory: Int = 2 << 30, login: String,
        files: [String: String] = [:], seed: SeedDisk? = nil, boots: [InstallerBoot]
    ) {
        self.source = source
        self.verification = verification
        self.diskSize = diskSize
        self.memory = memory
        self.login = login
        self.files = files
        self.seed = seed
        self.boots = boots
    }
}

extension MachineImageRecipe {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        source = try values.decode(Source.self, forKey: .source)
        verification = try values.decode(InstallerVerification.self, forKey: .verification)
        diskSize = try values.decode(Int.self, forKey: .diskSize)
        memory = try values.decodeIfPresent(Int.self, forKey: .memory) ?? 2 << 30
        login = try values.decode(String.self, forKey: .login)
        files = try values.decodeIfPresent([String: String].self, forKey: .files) ?? [:]
        seed = try values.decodeIfPresent(SeedDisk.self, forKey: .seed)
        boots = try values.decode([InstallerBoot].self, forKey: .boots)
    }
}

/// The distribution's list of checksums, and the key that signed it.
public struct InstallerVerification: Codable, Hashable, Sendable {
    /// The list's name in the directory of the installer: `SHA256.sig`, `CHECKSUM.SHA256`.
    public var list: String
    /// The name of the public key that signed the list, as signify(1) knows it: `openbsd-77-base.pub`. Absent if the
    /// list is not signed.
    public var signifyKey: String?

    public init(list: String, signifyKey: String? = nil) {
        self.list = list
        self.signifyKey = signifyKey
    }
}

/// A disk with a FAT file system, such as those from which cloud-init reads its settings.
public struct SeedDisk: Codable, Hashable, Sendable {
    /// The label of the file system, at most 11 characters: `cidata`.
    public var label: String
    /// The contents of the files by name.
    public var files: [String: String]

    public init(label: String, files: [String: String]) {
        self.label = label
        self.files = files
    }
}
