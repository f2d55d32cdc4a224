public import PluginMessages

/// The virtual devices of a machine that its operating system has to have drivers for.
public struct MachineHardware: Codable, Hashable, Sendable {
    public typealias DiskBus = MachineDescription.DiskBus
    public typealias NetworkCard = MachineDescription.NetworkCard
    public typealias Firmware = MachineDescription.Firmware

    /// In opam's spelling: `x86_64`, `arm64`.
    public var architecture: String
    /// QEMU's model of the processor and its flags: `max,-pdpe1gb`.
    public var processor: String
    /// The controller of the disks.
    public var disk: DiskBus
    /// The network adapter.
    public var network: NetworkCard
    /// What starts the boot loader.
    public var firmware: Firmware

    public init(
        architecture: String = "x86_64", processor: String = "max", disk: DiskBus = .virtio,
        network: NetworkCard = .virtio, firmware: Firmware = .bios
    ) {
        self.architecture = architecture
        self.processor = processor
        self.disk = disk
        self.network = network
        self.firmware = firmware
    }

    /// The hardware that descriptions name, of which earlier ones take precedence; what none names is the default.
    package init(_ descriptions: [MachineDescription?], architecture: String) {
        func named<Value>(_ part: (MachineDescription) -> Value?) -> Value? {
            for case let description? in descriptions { if let value = part(description) { return value } }
            return nil
        }
        let usual = MachineHardware()
        self.init(
            architecture: architecture, processor: named(\.processor) ?? usual.processor,
            disk: named(\.disk) ?? usual.disk, network: named(\.network) ?? usual.network,
            firmware: named(\.firmware) ?? usual.firmware)
    }

    /// The architectures that machines can have.
    public static let architectures = ["x86_64", "arm64"]

    /// QEMU's program for the architecture.
    public var program: String {
        "qemu-system-" + (architecture == "arm64" ? "aarch64" : architecture)
    }

    /// The file with UEFI firmware, where Debian's packages install it.
    var firmwareFile: String? {
        guard firmware == .uefi || architecture == "arm64" else { return nil }
        return architecture == "arm64" ? "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" : "/usr/share/ovmf/OVMF.fd"
    }
}

/// What executes the instructions of a machine.
public enum Accelerator: String, Codable, Hashable, Sendable {
    /// The processor, by Linux's virtualization.
    case kvm
    /// QEMU, which translates them.
    case tcg
}
