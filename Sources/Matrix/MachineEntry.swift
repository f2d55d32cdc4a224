package import Core
package import PluginMessages

/// The virtual machine that jobs of a target run in.
package struct MachineEntry: Sendable, Hashable {
    /// The location of its disk's image.
    package enum Image: Sendable, Hashable {
        /// The path of a file, relative to the working directory.
        case path(String)
        case url(String)

        /// The path or the URL.
        package var text: String {
            switch self {
            case .path(let text), .url(let text): text
            }
        }
    }

    /// A Linux kernel that is loaded without a boot loader.
    package struct Kernel: Sendable, Hashable {
        /// The path of the kernel, relative to the working directory.
        package var path: String
        /// The path of the initial RAM disk, relative to the working directory.
        package var initrd: String?
        /// The kernel's command line.
        package var arguments: String
    }

    /// The location of the image.
    package var image: Located<Image>
    /// The SHA-256 of the image.
    package var checksum: Digest
    /// The memory in MiB. This and the following properties are nil for the defaults of the plugin and the worker.
    package var memory: Int?
    /// The number of processors.
    package var processors: Int?
    /// QEMU's model of the processor and its flags.
    package var processor: String?
    /// The disk controller.
    package var disk: MachineDescription.DiskBus?
    /// The network adapter.
    package var network: MachineDescription.NetworkCard?
    /// The firmware that starts the boot loader.
    package var firmware: MachineDescription.Firmware?
    /// How the login is configured at boot.
    package var seed: MachineDescription.Seed?
    /// The user to log in as.
    package var login: String?
    /// The path of the private key, relative to the working directory.
    package var key: String?
    /// The kernel that is loaded instead of a boot loader.
    package var kernel: Located<Kernel>?
    /// The time limit for booting in seconds.
    package var bootTime: Int?

    init(image: Located<Image>, checksum: Digest) {
        self.image = image
        self.checksum = checksum
    }

    package static func == (left: MachineEntry, right: MachineEntry) -> Bool { left.identity == right.identity }
    package func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    /// All properties, without their locations in the matrix.
    private var identity: [String?] {
        [
            image.value.text, "\(checksum)", memory.map(String.init), processors.map(String.init), processor,
            disk?.rawValue, network?.rawValue, firmware?.rawValue, seed?.rawValue, login, key, kernel?.value.path,
            kernel?.value.initrd, kernel?.value.arguments, bootTime.map(String.init),
        ]
    }
}
