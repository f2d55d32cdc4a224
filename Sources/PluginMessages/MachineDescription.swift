/// The requirements of a virtual machine with the system of a target, for targets whose jobs run in one (`run: vm` in a
/// matrix).
///
/// All values are defaults, which the matrix may override. None of them is part of a job's id, except for the
/// processor.
public struct MachineDescription: Codable, Hashable, Sendable {
    /// The controller that disks are attached to.
    public enum DiskBus: String, Codable, Hashable, Sendable, CaseIterable {
        case virtio, scsi, ide
    }

    /// The network adapter.
    public enum NetworkCard: String, Codable, Hashable, Sendable, CaseIterable {
        case virtio, e1000, rtl8139
    }

    /// The firmware that starts the boot loader.
    public enum Firmware: String, Codable, Hashable, Sendable, CaseIterable {
        case bios, uefi
    }

    /// How a machine receives the ssh key that it accepts.
    public enum Seed: String, Codable, Hashable, Sendable, CaseIterable {
        /// From a second disk with the label `CIDATA`, which contains the files `meta-data` and `user-data` of
        /// cloud-init's NoCloud data source, and `authorized_keys`.
        case nocloud
        /// Not at all: the image already accepts a key.
        case none
    }

    /// The controller that disks are attached to; absent: virtio.
    public var disk: DiskBus?
    /// The network adapter; absent: virtio.
    public var network: NetworkCard?
    /// The firmware that starts the boot loader; absent: BIOS.
    public var firmware: Firmware?
    /// QEMU's model of the processor and its flags: `max,-pdpe1gb`; absent: `max`.
    public var processor: String?
    /// How the machine receives the key; absent: from a seed disk.
    public var seed: Seed?
    /// The user to log in as; absent: ``EnvironmentDescription/buildUser``.
    public var login: String?
    /// A script of root that sets the clock to the time in `CISO_TIME`, in seconds since 1970. A machine that resumes
    /// from a saved state has the time at which the state was saved.
    public var setClock: String?

    public init(
        disk: DiskBus? = nil, network: NetworkCard? = nil, firmware: Firmware? = nil, processor: String? = nil,
        seed: Seed? = nil, login: String? = nil, setClock: String? = nil
    ) {
        self.disk = disk
        self.network = network
        self.firmware = firmware
        self.processor = processor
        self.seed = seed
        self.login = login
        self.setClock = setClock
    }
}
