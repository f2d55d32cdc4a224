public import PluginMessages

/// The virtual devices of a machine for which its operating system needs drivers.
public struct MachineHardware: Codable, Hashable, Sendable {
    /// The types of disk controllers.
    public typealias DiskBus = MachineDescription.DiskBus
    /// The types of network adapters.
    public typealias NetworkCard = MachineDescription.NetworkCard
    /// The types of firmware.
    public typealias Firmware = MachineDescription.Firmware

    /// The architecture in opam's spelling: `x86_64`, `arm64`.
    public var architecture: String
    /// QEMU's processor model and its flags: `max,-pdpe1gb`.
    public var processor: String
    /// The disk controller.
    public var disk: DiskBus
    /// The network adapter.
    public var network: NetworkCard
    /// The firmware that starts the boot loader.
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

    /// The hardware of several descriptions, of which earlier ones take precedence; absent properties have their
    /// defaults.
    package init(_ descriptions: [MachineDescription?], architecture: String) {
        func first<Value>(_ part: (MachineDescription) -> Value?) -> Value? {
            for case let description? in descriptions { if let value = part(description) { return value } }
            return nil
        }
        let defaults = MachineHardware()
        self.init(
            architecture: architecture, processor: first(\.processor) ?? defaults.processor,
            disk: first(\.disk) ?? defaults.disk, network: first(\.network) ?? defaults.network,
            firmware: first(\.firmware) ?? defaults.firmware)
    }

    /// The architectures that machines can have.
    public static let architectures = ["x86_64", "arm64"]

    /// QEMU's program for the architecture.
    public var program: String {
        "qemu-system-" + (architecture == "arm64" ? "aarch64" : architecture)
    }

    /// The file with UEFI firmware, at the path of Debian's packages.
    var firmwareFile: String? {
        guard firmware == .uefi || architecture == "arm64" else { return nil }
        return architecture == "arm64" ? "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" : "/usr/share/ovmf/OVMF.fd"
    }
}

/// The accelerator that executes the instructions of a machine.
public enum Accelerator: String, Codable, Hashable, Sendable {
    /// The processor, by Linux's virtualization (KVM).
    case kvm
    /// QEMU, which translates them (TCG).
    case tcg
}
