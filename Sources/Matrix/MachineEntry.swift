package import Core
package import PluginMessages

/// The virtual machine that jobs of a target run in.
package struct MachineEntry: Sendable, Hashable {
    /// Where the image of its disk is.
    package enum Image: Sendable, Hashable {
        /// A file, relative to where the matrix is read from.
        case path(String)
        case url(String)

        /// The path or the address.
        package var text: String {
            switch self {
            case .path(let text), .url(let text): text
            }
        }
    }

    /// A Linux kernel that is loaded without a boot loader.
    package struct Kernel: Sendable, Hashable {
        /// Relative to where the matrix is read from, as is that of the initial RAM disk.
        package var path: String
        package var initrd: String?
        /// The kernel's command line.
        package var arguments: String
    }

    /// Where the image is.
    package var image: Located<Image>
    /// The SHA-256 of the image.
    package var checksum: Digest
    /// In MiB; nil where the worker decides, as with all that follows.
    package var memory: Int?
    /// The number of processors.
    package var processors: Int?
    /// QEMU's model of the processor and its flags.
    package var processor: String?
    package var disk: MachineDescription.DiskBus?
    package var network: MachineDescription.NetworkCard?
    package var firmware: MachineDescription.Firmware?
    package var seed: MachineDescription.Seed?
    /// The user to log in as.
    package var login: String?
    /// The file with the private key, relative to where the matrix is read from.
    package var key: String?
    /// Loaded instead of a boot loader.
    package var kernel: Located<Kernel>?
    /// Seconds until the machine must answer after it was started.
    package var bootTime: Int?

    init(image: Located<Image>, checksum: Digest) {
        self.image = image
        self.checksum = checksum
    }

    package static func == (left: MachineEntry, right: MachineEntry) -> Bool { left.identity == right.identity }
    package func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    /// All of it, without the places in the matrix.
    private var identity: [String?] {
        [
            image.value.text, "\(checksum)", memory.map(String.init), processors.map(String.init), processor,
            disk?.rawValue, network?.rawValue, firmware?.rawValue, seed?.rawValue, login, key, kernel?.value.path,
            kernel?.value.initrd, kernel?.value.arguments, bootTime.map(String.init),
        ]
    }
}
