internal import Core
internal import Foundation
internal import Glibc
internal import Logging
internal import Supervision
internal import Synchronization
internal import System

/// A running virtual machine: a process of QEMU, its monitor and its console.
///
/// The process ends with its owner: when this value is released, and when this process ends in any way.
///
/// - SeeAlso: `docs/decisions/0276-machine-states.md`
package final class VirtualMachine: Sendable {
    /// The state of the QEMU process.
    private final class ProcessState: Sendable {
        struct State {
            var output: [UInt8] = []
            /// The reason why the machine cannot continue although QEMU runs.
            var obstacle: String?
            /// Whether this process ended it.
            var wasKilled = false
            var result: CommandResult?
        }

        let state = Mutex(State())
    }

    /// The configuration that it was started with.
    package let configuration: MachineConfiguration
    /// QEMU's monitor.
    package let monitor: MachineMonitor
    /// The serial console.
    package let console: MachineConsole
    private let qemu: ProcessState
    private let running: Task<Void, Never>

    /// Starts a machine, which boots, or waits if it continues from a saved state.
    ///
    /// - Parameters:
    ///   - state: a file with a saved state of a machine with the same configuration.
    ///   - directory: the directory for temporary files of QEMU.
    /// - Throws: `Failure` if QEMU is not installed or ends immediately; `CancellationError`.
    package init(_ configuration: MachineConfiguration, state: String? = nil, in directory: String) async throws {
        guard let program = executable(configuration.hardware.program) else {
            throw QEMU.missing(configuration.hardware)
        }
        self.configuration = configuration
        let file: Files.File?
        if let state { file = try Files.File(state, O_RDONLY) } else { file = nil }
        let monitorPair = try SocketPair<Failure>()
        let consolePair = try SocketPair<Failure>()
        // From here on nothing fails until the descriptors have owners.
        let (saved, monitorEnd, consoleEnd) = (file?.relinquish(), monitorPair.take(), consolePair.take())
        let qemu = ProcessState()
        self.qemu = qemu
        monitor = MachineMonitor(monitorEnd.0) { event in
            logger.debug("event of a machine", metadata: ["event": "\(event.event)"])
            guard event.event == "BLOCK_IO_ERROR" else { return }
            let reason = event.data?.nospace == true ? "the disk of this machine is full" : event.data?.reason ?? ""
            qemu.state.withLock { $0.obstacle = "its disk '\(event.data?.device ?? "")' cannot be used: \(reason)" }
        }
        console = MachineConsole(consoleEnd.0)
        let kept = [monitorEnd.1, consoleEnd.1] + (saved.map { [$0] } ?? [])
        let words = configuration.words(monitor: monitorEnd.1, console: consoleEnd.1, state: saved)
        logger.debug("starting a machine", metadata: ["command": "\(words.joined(separator: " "))"])
        running = Task.detached {
            let result = await Supervisor.run { cancellation in
                Self.supervise(program, words, kept, in: directory, cancellation, qemu)
            }
            qemu.state.withLock { $0.result = result }
        }
        do {
            try await monitor.execute("qmp_capabilities")
        } catch {
            await running.value
            throw Failure(
                .unavailable, "\(configuration.hardware.program) ended immediately: \(ending)",
                hint: "`ci doctor` checks whether virtual machines work here")
        }
    }

    deinit {
        running.cancel()
    }

    private static func supervise(
        _ program: String, _ words: [String], _ kept: [Int32], in directory: String, _ cancellation: Cancellation,
        _ qemu: ProcessState
    ) -> CommandResult {
        var isOpen = true
        func closeKept() {
            if isOpen { for descriptor in kept { close(descriptor) } }
            isOpen = false
        }
        defer { closeKept() }
        do throws(Failure) {
            let printed = try Supervision.Pipe()
            let null = try Files.File("/dev/null", O_RDONLY)
            let process = try ProcessStart(
                path: program, arguments: words, environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(directory)"],
                input: null.descriptor, output: printed.writing, kept: kept
            ).start(Failure.self)
            closeKept()
            let supervisor = Supervisor(
                process: process, limits: Limits(time: nil, silence: nil, disk: nil, output: nil), group: .none,
                cancellation: cancellation, disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .status)
            return supervisor.run(output: printed.takeReading(), status: -1) { bytes in
                qemu.state.withLock { $0.output = ($0.output + bytes).suffix(4000) }
            }
        } catch {
            return CommandResult(ending: .setupFailed(error.description))
        }
    }

    /// Whether QEMU has ended.
    package var isEnded: Bool { qemu.state.withLock { $0.result != nil } }

    /// Whether the machine was ended by `stop`, `kill` or `save`.
    package var wasKilled: Bool { qemu.state.withLock { $0.wasKilled } }

    /// The reason why the machine cannot continue: it has ended, or one of its disks cannot be used; nil while it can.
    package var obstacle: String? {
        qemu.state.withLock { state in
            state.obstacle.map { "the virtual machine stopped: \($0)" }
                ?? state.result.map { "the virtual machine ended: \(Self.text($0, state.output))" }
        }
    }

    /// How QEMU ended, if this process did not end it and its exit status is not 0.
    package var crash: String? {
        qemu.state.withLock { state in
            guard let result = state.result, !state.wasKilled, !result.succeeded else { return nil }
            return Self.text(result, state.output)
        }
    }

    /// How QEMU ended, with the last line that it printed.
    private var ending: String {
        qemu.state.withLock { state in state.result.map { Self.text($0, state.output) } ?? "" }
    }

    private static func text(_ result: CommandResult, _ output: [UInt8]) -> String {
        let lines = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
        return ["\(result.ending)", lines.last.map(String.init)].compactMap(\.self).joined(separator: ": ")
    }

    /// Waits until QEMU has ended.
    ///
    /// - Returns: false if it still runs after `limit`.
    package func waitForEnd(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while !isEnded, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        return isEnded
    }

    /// Ends QEMU as if the machine lost its power, after it has written its disks; kills it if it does not.
    package func stop() async {
        qemu.state.withLock { if $0.result == nil { $0.wasKilled = true } }
        let request = Task { try? await monitor.execute("quit") }
        if !(await waitForEnd(within: .seconds(10))) { running.cancel() }
        await running.value
        request.cancel()
    }

    /// Kills QEMU.
    package func kill() async {
        qemu.state.withLock { if $0.result == nil, $0.obstacle == nil { $0.wasKilled = true } }
        running.cancel()
        await running.value
    }

    /// The port of this machine that leads to the guest's ssh server.
    package func sshPort() async throws -> Int {
        let table = try await monitor.executeHumanCommand("info usernet")
        for line in table.split(whereSeparator: \.isNewline) where line.contains("HOST_FORWARD") {
            let words = line.split(separator: " ")
            if words.count > 3, let port = Int(words[3]) { return port }
        }
        throw Failure(.unavailable, "QEMU does not name the port of the virtual machine's ssh server: \(table)")
    }
}

// MARK: States

extension VirtualMachine {
    /// Stops the guest, writes its memory and the state of its devices into a file and ends QEMU, which writes its
    /// disks. A machine with the same configuration and equal disks can continue from it, any number of times.
    ///
    /// - Throws: `Failure`; the machine has also ended then.
    package func save(to path: String) async throws {
        do {
            try await write(to: path)
        } catch {
            await kill()
            throw error
        }
        await stop()
    }

    private func write(to path: String) async throws {
        let file = try Files.File(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try await monitor.execute("stop")
        // QEMU's default limit is meant for networks.
        try await monitor.execute("migrate-set-parameters", ["max-bandwidth": .number(1 << 40)])
        try await monitor.execute("getfd", ["fdname": .text("state")], with: file.descriptor)
        try await monitor.execute("migrate", ["uri": .text("fd:state")])
        while true {
            let status = try await monitor.execute("query-migrate").status
            if status == "completed" { break }
            guard status != "failed", status != "cancelled" else {
                throw Failure(
                    .unavailable, "the state of the virtual machine cannot be saved: \(obstacle ?? "no reason given")")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        try file.synchronize()
    }

    /// Lets a machine that was started with a saved state continue, once QEMU has read it.
    ///
    /// - Throws: `Failure` if it cannot be read.
    package func resume() async throws {
        while try await monitor.execute("query-status").status == "inmigrate" {
            try await Task.sleep(for: .milliseconds(10))
        }
        try await monitor.execute("cont")
    }
}
