import PluginMessages
import Testing

@testable import Machines

/// QEMU's command line for each choice of hardware.
@Suite struct CommandLineTests {
    private static let disks: [MachineConfiguration.Disk] = [
        .init("/d/a,b.qcow2", format: .qcow2, isWritable: true, bootIndex: 0), .init("/d/seed.iso", format: .raw),
    ]
    private static let root =
        "-drive if=none,id=disk0,file=/d/a,,b.qcow2,format=qcow2,cache=unsafe,werror=stop,rerror=stop,discard=unmap"
    private static let seed = "-drive if=none,id=disk1,file=/d/seed.iso,format=raw,cache=unsafe,readonly=on"

    private func line(
        _ hardware: MachineHardware, _ disks: [MachineConfiguration.Disk] = disks,
        network: MachineConfiguration.Network = .isolated, accelerator: Accelerator = .tcg,
        kernel: MachineConfiguration.Kernel? = nil, state: Int32? = nil
    ) -> String {
        MachineConfiguration(
            hardware: hardware, accelerator: accelerator, memory: 256, processors: 2, kernel: kernel, disks: disks,
            network: network
        ).words(monitor: 8, console: 9, state: state).joined(separator: " ")
    }

    @Test(arguments: [
        (
            MachineHardware.DiskBus.virtio,
            "\(root) -device virtio-blk-pci,drive=disk0,bootindex=0 \(seed) -device virtio-blk-pci,drive=disk1"
        ),
        (
            .scsi,
            "-device virtio-scsi-pci,id=scsi \(root) -device scsi-hd,bus=scsi.0,drive=disk0,bootindex=0 "
                + "\(seed) -device scsi-hd,bus=scsi.0,drive=disk1"
        ),
        (
            .ide,
            "\(root) -device ide-hd,bus=ide.0,drive=disk0,bootindex=0 "
                + "-drive if=none,id=disk1,file=/d/seed.iso,format=raw,cache=unsafe,snapshot=on "
                + "-device ide-hd,bus=ide.1,drive=disk1"
        ),
    ])
    func disks(bus: MachineHardware.DiskBus, words: String) {
        let line = line(MachineHardware(disk: bus))
        #expect(line.contains(" \(words) -netdev "), "\(line)")
    }

    /// An installer's CD beside disks of any kind.
    @Test(arguments: MachineHardware.DiskBus.allCases) func cdROM(bus: MachineHardware.DiskBus) {
        let cd = MachineConfiguration.Disk("/cd.iso", format: .raw, isCDROM: true, bootIndex: 1)
        let line = line(MachineHardware(disk: bus), Self.disks + [cd])
        #expect(line.contains(" -device ide-cd,bus=ide.2,drive=disk2,bootindex=1 "), "\(line)")
    }

    @Test(arguments: [
        (MachineHardware.NetworkCard.virtio, "virtio-net-pci"), (.e1000, "e1000"), (.rtl8139, "rtl8139"),
    ])
    func networkAdapters(card: MachineHardware.NetworkCard, device: String) {
        let end = "hostfwd=tcp:127.0.0.1:0-:22 -device \(device),netdev=net,romfile= "
        let hardware = MachineHardware(network: card)
        #expect(line(hardware).contains(" -netdev user,id=net,ipv6=off,restrict=on,\(end)"))
        #expect(line(hardware, network: .open).contains(" -netdev user,id=net,ipv6=off,\(end)"))
    }

    @Test func firmware() {
        #expect(!line(MachineHardware()).contains("-bios"))
        #expect(line(MachineHardware(firmware: .uefi)).contains(" -bios /usr/share/ovmf/OVMF.fd "))
        // That architecture has no other.
        let arm = line(MachineHardware(architecture: "arm64"), [.init("/cd", format: .raw, isCDROM: true)])
        #expect(arm.hasPrefix("qemu-system-aarch64 ") && arm.contains(" -machine virt "))
        #expect(arm.contains(" -bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd "))
        #expect(arm.contains(" -device usb-storage,drive=disk0 "))
    }

    @Test func processorsAndStart() {
        let hardware = MachineHardware(processor: "max,-pdpe1gb")
        let booting = line(hardware, kernel: .init("/k", initrd: "/i", arguments: "console=ttyS0 quiet"))
        #expect(booting.contains(" -accel tcg,thread=multi -cpu max,-pdpe1gb -m 256 -smp 2 "))
        #expect(booting.contains(" -kernel /k -append console=ttyS0 quiet -initrd /i "))
        #expect(!booting.contains("-incoming"))
        let continuing = line(hardware, accelerator: .kvm, state: 7)
        #expect(continuing.contains(" -accel kvm ") && continuing.contains(" -incoming fd:7 "))
        #expect(continuing.contains(" socket,id=console,fd=9 ") && continuing.contains(" socket,id=monitor,fd=8 "))
    }

    /// What the matrix says takes precedence over the plugin's description.
    @Test func precedence() {
        let hardware = MachineHardware(
            [.init(disk: .ide, processor: "qemu64"), nil, .init(disk: .scsi, network: .e1000, firmware: .uefi)],
            architecture: "x86_64")
        #expect(hardware == .init(processor: "qemu64", disk: .ide, network: .e1000, firmware: .uefi))
        #expect(MachineHardware([nil], architecture: "x86_64") == MachineHardware())
    }
}
