internal import Core
internal import Foundation
internal import Glibc
internal import Logging
internal import Supervision
internal import System

/// Determines whether KVM works on this host, by booting a small program with it.
///
/// `/dev/kvm` may exist and respond although guests fail, for example in nested virtualization.
///
/// - SeeAlso: `docs/decisions/0277-kvm-probe.md`
package struct AcceleratorProbe: Sendable {
    /// The result of a probe.
    package struct Finding: Codable, Hashable, Sendable {
        /// The accelerator for machines.
        package var accelerator: Accelerator
        /// The reason why KVM is not used; nil if it is used.
        package var reason: String?
    }

    private let cache: String?
    private let temporary: String
    private let known = AsyncMemo<MachineHardware, Finding>()
    private static let timeLimit = Duration.seconds(10)

    /// - Parameters:
    ///   - cache: a directory in which results of probes are kept until this machine is rebooted; nil for none.
    ///   - temporary: the directory for temporary files.
    package init(cache: String?, temporary: String) {
        self.cache = cache
        self.temporary = temporary
    }

    /// The accelerator for machines with this hardware on this host, determined once per probe.
    ///
    /// - Throws: `CancellationError`.
    package func finding(for hardware: MachineHardware) async throws -> Finding {
        try await known.value(for: hardware) {
            // Checked each time and never cached: the user may get access to the device.
            if let obstacle = Self.obstacle(to: hardware) { return Finding(accelerator: .tcg, reason: obstacle) }
            if let kept = self.kept(hardware) { return kept }
            let finding = try await self.trial(of: hardware)
            self.keep(finding, hardware)
            logger.debug(
                "KVM was tried",
                metadata: ["accelerator": "\(finding.accelerator.rawValue)", "reason": "\(finding.reason ?? "")"])
            return finding
        }
    }

    /// The reason why KVM cannot be tried; nil if it can.
    private static func obstacle(to hardware: MachineHardware) -> String? {
        guard hardware.architecture == "x86_64", hostArchitecture == "x86_64" else {
            return "KVM is used for x86_64 only, on such machines"
        }
        guard access("/dev/kvm", F_OK) == 0 else { return "this machine has no '/dev/kvm'" }
        guard access("/dev/kvm", R_OK | W_OK) == 0 else {
            return "this user may not open '/dev/kvm': add the user to the group 'kvm'"
        }
        return executable(hardware.program) == nil ? "\(hardware.program): not found" : nil
    }

    private func trial(of hardware: MachineHardware) async throws -> Finding {
        let program = executable(hardware.program) ?? hardware.program
        let scratch = try ScratchDirectory.temporary(in: temporary)
        let image = "\(scratch.path)/boot.raw"
        try Files.File(image, O_WRONLY | O_CREAT | O_EXCL).write(BootProgram.image)
        let completion = try await Subprocess(
            [
                program, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", "kvm",
                "-cpu", hardware.processor, "-m", "128", "-no-reboot",
                "-drive", "if=none,id=boot,format=raw,readonly=on,file=\(image)", "-device",
                "virtio-blk-pci,drive=boot", "-device",
                "isa-debug-exit,iobase=\(BootProgram.port),iosize=1",
            ], environment: [:], standardError: .joined, outputLimit: 1 << 16,
            timeLimit: Self.timeLimit
        ).run()
        if completion.ending == .exited(BootProgram.status) { return Finding(accelerator: .kvm, reason: nil) }
        let lines = String(decoding: completion.output, as: UTF8.self).split(whereSeparator: \.isNewline)
        let reason =
            completion.ending == .timedOut
            ? "a small program does not end within \(Self.timeLimit.components.seconds) s"
            : lines.first.map(String.init) ?? "\(completion.ending)"
        return Finding(
            accelerator: .tcg, reason: "'/dev/kvm' exists, but a virtual machine does not run with it: \(reason)")
    }

    // MARK: The cache

    private struct Record: Codable {
        /// The boot id of the running kernel.
        var boot: String
        var finding: Finding
    }

    private func path(_ hardware: MachineHardware) -> String? {
        guard let cache, let digest = try? CanonicalJSON.digest(of: hardware) else { return nil }
        return "\(cache)/kvm.\(digest)"
    }

    private static var boot: String { contents(of: "/proc/sys/kernel/random/boot_id") ?? "" }

    private func kept(_ hardware: MachineHardware) -> Finding? {
        guard let path = path(hardware), let text = contents(of: path),
            let record = try? JSONDecoder().decode(Record.self, from: Data(text.utf8)), record.boot == Self.boot
        else { return nil }
        return record.finding
    }

    private func keep(_ finding: Finding, _ hardware: MachineHardware) {
        guard let cache, let path = path(hardware),
            let bytes = try? JSONEncoder().encode(Record(boot: Self.boot, finding: finding))
        else { return }
        try? Files.makeDirectories(cache)
        try? Files.replace(path, with: Array(bytes), durability: .none)
    }

    private static let hostArchitecture: String = {
        var system = utsname()
        guard uname(&system) == 0 else { return "" }
        return withUnsafeBytes(of: system.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }()
}
