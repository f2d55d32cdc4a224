internal import PluginMessages
internal import System

/// The properties that determine QEMU's command line.
public struct MachineConfiguration: Codable, Hashable, Sendable {
    /// A disk or a CD-ROM.
    public struct Disk: Codable, Hashable, Sendable {
        /// The formats of files.
        public enum Format: String, Codable, Hashable, Sendable {
            case raw, qcow2
        }

        /// The absolute path of its file.
        public var path: String
        /// The format of its file.
        public var format: Format
        /// Whether the machine may write to it.
        public var isWritable: Bool
        /// Whether it is a CD-ROM.
        public var isCDROM: Bool
        /// The position in the firmware's boot order, from 0; nil if the firmware does not boot from it.
        public var bootIndex: Int?

        public init(
            _ path: String, format: Format, isWritable: Bool = false, isCDROM: Bool = false, bootIndex: Int? = nil
        ) {
            self.path = path
            self.format = format
            self.isWritable = isWritable
            self.isCDROM = isCDROM
            self.bootIndex = bootIndex
        }
    }

    /// A Linux kernel that QEMU itself loads, instead of a boot loader.
    public struct Kernel: Codable, Hashable, Sendable {
        /// The absolute path of the kernel.
        public var path: String
        /// The absolute path of the initial RAM disk.
        public var initrd: String?
        /// The kernel's command line.
        public var arguments: String

        public init(_ path: String, initrd: String? = nil, arguments: String = "") {
            self.path = path
            self.initrd = initrd
            self.arguments = arguments
        }
    }

    /// The network access of a machine.
    public enum Network: String, Codable, Hashable, Sendable {
        /// None; its ssh server can be reached from this machine.
        case isolated
        /// The network of this machine; its ssh server can be reached from this machine.
        case open
    }

    /// The virtual devices.
    public var hardware: MachineHardware
    /// The accelerator that executes its instructions.
    public var accelerator: Accelerator
    /// The memory in MiB.
    public var memory: Int
    /// The number of processors.
    public var processors: Int
    /// The kernel that QEMU loads; nil if the firmware starts a boot loader.
    public var kernel: Kernel?
    /// The disks; the first is the root disk.
    public var disks: [Disk]
    /// The network access.
    public var network: Network
    /// Whether QEMU exits when the guest restarts its machine.
    public var endsAtReboot: Bool

    public init(
        hardware: MachineHardware, accelerator: Accelerator, memory: Int = 1024, processors: Int = 1,
        kernel: Kernel? = nil, disks: [Disk], network: Network, endsAtReboot: Bool = false
    ) {
        self.hardware = hardware
        self.accelerator = accelerator
        self.memory = memory
        self.processors = processors
        self.kernel = kernel
        self.disks = disks
        self.network = network
        self.endsAtReboot = endsAtReboot
    }
}

extension MachineConfiguration {
    /// The words of QEMU's command line.
    ///
    /// - Parameters:
    ///   - monitor: the descriptor of a connected socket that QEMU inherits.
    ///   - console: the descriptor of another one.
    ///   - state: the descriptor of a saved state to continue from; nil to boot the machine.
    func words(monitor: Int32, console: Int32, state: Int32?) -> [String] {
        var words = [hardware.program, "-nodefaults", "-no-user-config", "-display", "none"]
        // Without graphics, the firmware and boot loaders use the serial console.
        words += ["-machine", hardware.architecture == "arm64" ? "virt" : "q35,graphics=off"]
        words += ["-accel", accelerator == .kvm ? "kvm" : "tcg,thread=multi", "-cpu", hardware.processor]
        words += ["-m", "\(memory)", "-smp", "\(processors)", "-rtc", "base=utc"]
        if let file = hardware.firmwareFile { words += ["-bios", file] }
        if let kernel {
            words += ["-kernel", kernel.path, "-append", kernel.arguments]
            if let initrd = kernel.initrd { words += ["-initrd", initrd] }
        }
        if disks.contains(where: { !$0.isCDROM }) && hardware.disk == .scsi {
            words += ["-device", "virtio-scsi-pci,id=scsi"]
        }
        for (number, disk) in disks.enumerated() { words += self.words(disk, number) }
        words += networkWords + ["-device", "virtio-rng-pci"]
        words += ["-chardev", "socket,id=console,fd=\(console)", "-serial", "chardev:console"]
        words += ["-chardev", "socket,id=monitor,fd=\(monitor)", "-mon", "chardev=monitor,mode=control"]
        if endsAtReboot { words.append("-no-reboot") }
        if let state { words += ["-incoming", "fd:\(state)"] }
        // Code that escapes from the guest into QEMU cannot start programs.
        return words + [
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        ]
    }

    /// A write error of the host stops the machine instead of being reported to the guest, whose programs would fail.
    ///
    /// The IDE controller has six buses with one device each; by default, QEMU would attach every device to the first
    /// one.
    private func words(_ disk: Disk, _ number: Int) -> [String] {
        let id = "disk\(number)"
        var drive = "if=none,id=\(id),file=\(escaped(disk.path)),format=\(disk.format.rawValue),cache=unsafe"
        if disk.isWritable {
            drive += ",werror=stop,rerror=stop,discard=unmap"
        } else {
            // IDE disks cannot be read-only: writes go to a temporary file.
            drive += hardware.disk == .ide && !disk.isCDROM ? ",snapshot=on" : ",readonly=on"
        }
        let device =
            switch (disk.isCDROM, hardware.disk) {
            case (true, _): hardware.architecture == "arm64" ? "usb-storage" : "ide-cd,bus=ide.\(number)"
            case (false, .virtio): "virtio-blk-pci"
            case (false, .scsi): "scsi-hd,bus=scsi.0"
            case (false, .ide): "ide-hd,bus=ide.\(number)"
            }
        let boot = disk.bootIndex.map { ",bootindex=\($0)" } ?? ""
        return ["-drive", drive, "-device", "\(device),drive=\(id)\(boot)"]
    }

    private var networkWords: [String] {
        let card =
            switch hardware.network {
            case .virtio: "virtio-net-pci"
            case .e1000: "e1000"
            case .rtl8139: "rtl8139"
            }
        // QEMU binds a free port and reports it by the monitor, so that no other process can take it in the meantime.
        let restriction = network == .isolated ? ",restrict=on" : ""
        return [
            "-netdev", "user,id=net,ipv6=off\(restriction),hostfwd=tcp:127.0.0.1:0-:22",
            "-device", "\(card),netdev=net,romfile=",
        ]
    }

    /// Escapes commas, which separate QEMU's options.
    private func escaped(_ path: String) -> String {
        path.replacingScalar(",", with: ",,")
    }
}
