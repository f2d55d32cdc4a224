import Foundation
import Glibc
import Machines
import TestSupport

/// A small Linux guest, made once for all tests of a process, which `make-guest` describes.
struct TestGuest: Sendable {
    static let programs = [
        "/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-img", "/usr/sbin/sshd", "/usr/bin/ssh-keygen", "/bin/mksh",
        "/bin/dash", "/usr/bin/bsdtar", "/bin/busybox", "/usr/sbin/modprobe", "/usr/bin/cc", "/usr/sbin/mke2fs",
        "/usr/bin/apt-get",
    ]
    static let isPossible = programs.allSatisfy { access($0, X_OK) == 0 }

    /// The directory of `vmlinuz`, `initrd` and `disk.qcow2`.
    let directory: TemporaryDirectory

    private static let made = Result { try TestGuest() }

    /// The guest, which the first caller makes.
    static var shared: TestGuest {
        get throws { try made.get() }
    }

    private init() throws {
        directory = try TemporaryDirectory()
        try Program(
            [PackageDirectory.url.appending(path: "Tests/MachinesTests/make-guest").path, "600"], in: directory.path,
            isJoined: true
        ).output()
    }

    /// A configuration in which the guest boots.
    func configuration(network: MachineConfiguration.Network, disks: [MachineConfiguration.Disk] = [])
        -> MachineConfiguration
    {
        MachineConfiguration(
            hardware: MachineHardware(), accelerator: .tcg, memory: 256,
            kernel: .init(
                directory("vmlinuz"), initrd: directory("initrd"), arguments: "console=ttyS0 quiet"),
            disks: disks, network: network)
    }
}
