package import Core
internal import Glibc
internal import Supervision
internal import System

/// The programs of QEMU on this machine.
package enum QEMU {
    /// The failure if the program for an architecture is not installed.
    static func missing(_ hardware: MachineHardware) -> Failure {
        let package = hardware.architecture == "arm64" ? "qemu-system-arm" : "qemu-system-x86"
        return Failure(
            .unavailable, "\(hardware.program): not found",
            hint: "virtual machines need QEMU (Debian: \(package) and qemu-utils)")
    }

    private static let missingImageProgram = Failure(
        .unavailable, "qemu-img: not found", hint: "virtual machines need it (Debian: qemu-utils)")

    /// The reason why machines with this hardware cannot run; nil if they can.
    package static func obstacle(to hardware: MachineHardware) -> Failure? {
        if executable(hardware.program) == nil { return missing(hardware) }
        if executable("qemu-img") == nil { return missingImageProgram }
        if let file = hardware.firmwareFile, access(file, R_OK) != 0 {
            return Failure(
                .unavailable, "the firmware '\(file)' is not installed",
                hint: "install it (Debian: \(hardware.architecture == "arm64" ? "qemu-efi-aarch64" : "ovmf"))")
        }
        return nil
    }

    /// The versions of programs, each queried once unless its file changes.
    private static let versions = AsyncMemo<[String], String>()

    /// The version of QEMU, on which the format of saved states depends.
    package static func version(of hardware: MachineHardware) async throws -> String {
        guard let program = executable(hardware.program) else { throw missing(hardware) }
        return try await versions.value(for: [program, "\(try Files.stamp(of: program))"]) {
            let completion = try await Subprocess(
                [program, "--version"], environment: [:], timeLimit: .seconds(30)
            ).run()
            let text = String(decoding: completion.output, as: UTF8.self)
            guard completion.succeeded, let line = text.split(whereSeparator: \.isNewline).first else {
                throw Failure(.unavailable, "'\(program) --version' failed: \(completion.ending)")
            }
            return String(line)
        }
    }

    /// Creates a disk that contains only the differences from another one.
    ///
    /// - Parameter format: the format of `base`.
    package static func makeOverlay(
        at path: String, over base: String, format: MachineConfiguration.Disk.Format
    ) async throws {
        try await run(["create", "-q", "-f", "qcow2", "-b", absolute(base), "-F", format.rawValue, path])
    }

    /// Creates an empty disk.
    ///
    /// - Parameter size: the size in bytes.
    package static func makeDisk(at path: String, size: Int) async throws {
        try await run(["create", "-q", "-f", "qcow2", path, "\(size)"])
    }

    private static func run(_ arguments: [String]) async throws {
        guard let program = executable("qemu-img") else { throw missingImageProgram }
        let completion = try await Subprocess(
            [program] + arguments, environment: [:], standardError: .joined, timeLimit: .seconds(60)
        ).run()
        guard completion.succeeded else {
            let message = String(decoding: completion.output.suffix(500), as: UTF8.self)
            throw Failure(
                .unavailable, message.split(whereSeparator: \.isNewline).last.map(String.init) ?? "qemu-img failed")
        }
    }
}
