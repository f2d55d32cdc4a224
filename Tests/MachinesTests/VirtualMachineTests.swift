import Core
import Foundation
import Machines
import TestSupport
import Testing

/// QEMU itself, without jobs.
@Suite(.enabled(if: TestGuest.isPossible, "needs \(TestGuest.programs)"))
struct VirtualMachineTests {
    private static func overlay(in directory: TemporaryDirectory) async throws -> MachineConfiguration.Disk {
        try await QEMU.makeOverlay(
            at: directory("own.qcow2"), over: try TestGuest.shared.directory("disk.qcow2"), format: .qcow2)
        return .init(directory("own.qcow2"), format: .qcow2, isWritable: true)
    }

    /// A guest's actions are visible on its console; two machines continue from one saved state.
    @Test func bootSaveAndContinueTwice() async throws {
        let directory = try TemporaryDirectory()
        let disk = try await Self.overlay(in: directory)
        let configuration = try TestGuest.shared.configuration(network: .isolated, disks: [disk])
        let first = try await VirtualMachine(configuration, in: directory.path)
        try await waitUntil("the guest is ready", within: .seconds(240)) {
            first.isEnded || first.console.text().contains("guest ready")
        }
        #expect(first.console.text().contains("guest ready"))
        #expect(try await first.sshPort() > 0)
        try await first.save(to: directory("state"))
        #expect(first.isEnded)
        for _ in 0..<2 {
            var copy = configuration
            try await QEMU.makeOverlay(at: directory("copy.qcow2"), over: directory("own.qcow2"), format: .qcow2)
            copy.disks[0].path = directory("copy.qcow2")
            let machine = try await VirtualMachine(copy, state: directory("state"), in: directory.path)
            try await machine.resume()
            let port = try await machine.sshPort()
            let words = ["/usr/bin/ssh-keyscan", "-T", "60", "-t", "ed25519", "-p", "\(port)", "127.0.0.1"]
            // The state may be that of a guest whose server was just starting.
            var keys: Program.Ending?
            try await waitUntil("the guest's ssh server answers", within: .seconds(240)) {
                let ending = try await Program(words).start().end()
                keys = ending
                return ending.output.contains("ssh-ed25519 ") || machine.isEnded
            }
            #expect(keys?.output.contains("ssh-ed25519 ") == true, "\(String(describing: keys))")
            #expect(machine.obstacle == nil)
            await machine.stop()
            #expect(machine.isEnded && machine.obstacle != nil)
        }
    }

    /// A task that waits for the monitor of a killed machine does not wait forever.
    @Test func crash() async throws {
        let directory = try TemporaryDirectory()
        let machine = try await VirtualMachine(
            try TestGuest.shared.configuration(network: .isolated), in: directory.path)
        let asking = Task {
            while true { _ = try await machine.monitor.execute("query-status") }
        }
        await machine.kill()
        await #expect(throws: Failure.self) { try await asking.value }
        #expect(machine.obstacle?.contains("the virtual machine ended") == true)
    }

    @Test func refusalsOfQEMUAreExplained() async throws {
        let directory = try TemporaryDirectory()
        let configuration = try TestGuest.shared.configuration(
            network: .isolated, disks: [.init(directory("absent.qcow2"), format: .qcow2, isWritable: true)])
        let failure = await #expect(throws: Failure.self) {
            _ = try await VirtualMachine(configuration, in: directory.path)
        }
        #expect(failure?.category == .unavailable)
        #expect(failure?.description.contains("absent.qcow2") == true, "\(failure?.description ?? "")")
    }

    /// The program that tests KVM equals its assembled source.
    @Test func bootProgramIsItsSource() throws {
        let directory = try TemporaryDirectory()
        let source = PackageDirectory.url.appending(path: "Tests/MachinesTests/BootProgram.S").path
        try directory.shell(
            "as --32 -o boot.o \"$1\" && ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o boot.bin boot.o", source)
        let bytes = try Data(contentsOf: URL(filePath: directory("boot.bin")))
        #expect([UInt8](bytes) == BootProgram.sector)
    }

    /// A trial takes seconds; conditions that can be checked without one are checked each time.
    @Test func findingAboutKVMIsKept() async throws {
        let directory = try TemporaryDirectory()
        let temporary = directory("temporary")
        let probe = AcceleratorProbe(cache: directory("cache"), temporary: temporary)
        let finding = try await probe.finding(for: MachineHardware())
        #expect((finding.accelerator == .kvm) == (finding.reason == nil), "\(finding)")
        let kept = try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("cache/") }
        let isTried = access("/dev/kvm", R_OK | W_OK) == 0
        #expect(kept.count == (isTried ? 1 : 0) && kept.allSatisfy { $0.hasPrefix("cache/kvm.") }, "\(kept)")
        let other = try await AcceleratorProbe(cache: directory("cache"), temporary: temporary).finding(
            for: MachineHardware(architecture: "arm64"))
        #expect(other.accelerator == .tcg && other.reason != nil)
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("cache/") }
                == kept)
        #expect(FileManager.default.fileExists(atPath: temporary) == isTried)
    }
}
