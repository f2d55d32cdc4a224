import Core
import Foundation
import Glibc
package import System

/// Watches a process and everything it starts until all have ended: passes on the output, enforces the limits on time,
/// output and disk, and determines how it ended.
///
/// - SeeAlso: `docs/decisions/0057-process-library.md`
package struct Supervisor {
    /// bubblewrap, or another program that ends after everything it started.
    let process: Int32
    let limits: Limits
    let group: ControlGroup
    let cancellation: Cancellation
    var disk: DiskWatch
    let report: Report

    /// The source of information about how the command ended, besides the process's own status.
    package enum Report {
        /// bubblewrap, in JSON.
        case bubblewrap
        /// The watchdog on a remote host, in a line of the ssh client's standard error. The descriptor is the client's
        /// standard input; closing it makes the watchdog kill the command. It is closed here.
        case watchdog(controlPipe: Int32)
        /// None: the process is the command.
        case status
    }

    /// Why we killed the process.
    private var killReason: CommandResult.Ending?
    private var outputBytes = 0
    private let begin = ContinuousClock.now
    private var watched = WatchedTime(from: .now)
    /// The watched time at the last byte of output.
    private var lastOutput = Duration.zero
    /// The first process inside the sandbox, as reported by bubblewrap.
    private var inner: pid_t?
    private var statusText: [UInt8] = []
    /// When the watchdog was requested to stop.
    private var stopRequested: ContinuousClock.Instant?
    /// The end of the output, for the message if the sandbox itself failed.
    private var tail: [UInt8] = []

    package init(
        process: Int32, limits: Limits, group: ControlGroup, cancellation: Cancellation, disk: DiskWatch,
        report: Report
    ) {
        self.process = process
        self.limits = limits
        self.group = group
        self.cancellation = cancellation
        self.disk = disk
        self.report = report
    }

    /// Runs `body` on a dedicated thread: children die with the thread that started them, and threads of a pool are
    /// short-lived.
    package static func run(
        _ body: @escaping @Sendable (Cancellation) -> CommandResult
    ) async -> CommandResult {
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await BlockingWork.run { body(cancellation) }
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Watches the process to its end.
    ///
    /// - Parameters:
    ///   - output, status: non-blocking read ends, or -1; closed at the end. `status` provides the report.
    package consuming func run(output: Int32, status: Int32, sink: @Sendable ([UInt8]) -> Void) -> CommandResult {
        defer {
            if output >= 0 { close(output) }
            if status >= 0 { close(status) }
            if case .watchdog(let controlPipe) = report, stopRequested == nil { close(controlPipe) }
        }
        let outer = ProcessDescriptor(of: process)
        var polled = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: status, events: Int16(POLLIN), revents: 0),
            pollfd(fd: outer.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while polled[2].revents == 0, !outer.hasEndedUnwatched {
            let count = poll(&polled, nfds_t(polled.count), 100)
            if count < 0 && errno != EINTR { break }
            watched.advance(to: .now)
            if polled[1].revents != 0, !readStatus(status) { polled[1].fd = -1 }
            if polled[0].revents != 0, !pass(output, to: sink) { polled[0].fd = -1 }  // all have closed it
            if polled[3].revents != 0 {
                polled[3].fd = -1
                kill(.cancelled)
            }
            checkLimits()
        }
        var waitStatus: Int32 = 0
        while waitpid(process, &waitStatus, 0) < 0 && errno == EINTR {}
        _ = readStatus(status)
        waitForInner()
        while pass(output, to: sink) {}
        return result(waitStatus)
    }

    private mutating func checkLimits() {
        guard killReason == nil else { return kill(nil) }
        if let time = limits.time, watched.total > time { return kill(.timedOut(.wall)) }
        if let silence = limits.silence, watched.total - lastOutput > silence { return kill(.timedOut(.silence)) }
        // Measuring hundreds of thousands of files must not delay a cancellation or the time limit.
        let (descriptor, deadline) = (
            cancellation.descriptor, limits.time.map { ContinuousClock.now + ($0 - watched.total) }
        )
        let finding = disk.check(while: {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&polled, 1, 0) <= 0 && deadline.map { .now < $0 } ?? true
        })
        switch finding {
        case .limitExceeded: kill(.diskLimit)
        case .hostFull: kill(.hostDiskFull)
        case nil: break
        }
    }

    /// Kills everything inside. The first reason is kept.
    private mutating func kill(_ reason: CommandResult.Ending?) {
        killReason = killReason ?? reason
        if case .watchdog(let controlPipe) = report {
            if stopRequested == nil {
                stopRequested = .now
                close(controlPipe)
            }
            // The watchdog responds immediately if there still is a connection.
            guard let stopRequested, .now - stopRequested > .seconds(10) else { return }
        }
        group.killAll()
        // When the first process of a process namespace dies, all others in it die, too.
        if let inner { Glibc.kill(inner, SIGKILL) } else { Glibc.kill(process, SIGKILL) }
    }

    /// - Returns: whether there was any output.
    private mutating func pass(_ output: Int32, to sink: @Sendable ([UInt8]) -> Void) -> Bool {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, used in
            count = read(output, buffer.baseAddress, buffer.count)
            used = max(0, count)
        }
        guard count > 0 else { return false }
        lastOutput = watched.total
        let room = limits.output.map { max(0, $0 - outputBytes) } ?? .max
        outputBytes += count
        let kept = count <= room ? bytes : Array(bytes.prefix(room))
        if !kept.isEmpty { sink(kept) }
        tail = (tail + kept).suffix(500)
        if count > room { kill(.outputLimit) }
        return true
    }

    /// - Returns: false if there is no more to read.
    private mutating func readStatus(_ status: Int32) -> Bool {
        guard status >= 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = read(status, &buffer, buffer.count)
            if count > 0 {
                if statusText.count < 1 << 20 { statusText += buffer[..<count] }
                continue
            }
            if case .bubblewrap = report, inner == nil { inner = number("child-pid").map { pid_t($0) } }
            return count < 0
        }
    }

    /// bubblewrap may end shortly before the last of its processes.
    private mutating func waitForInner() {
        guard let inner else { return }
        let descriptor = ProcessDescriptor(of: inner)
        guard descriptor.descriptor >= 0 else { return }
        var polled = pollfd(fd: descriptor.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 1000) <= 0 {
            group.killAll()
            Glibc.kill(inner, SIGKILL)
        }
    }

    private func result(_ waitStatus: Int32) -> CommandResult {
        var ending = killReason ?? ending(waitStatus)
        let usage = group.finish()
        switch ending {
        // Even if the command then ended with status 0, because its work was not done.
        case .exited(0) where usage.memory != nil: ending = memoryEnding(usage) ?? ending
        case .exited(let status) where status != 0: ending = cause(of: ending, usage)
        case .signalled, .killedFromOutside: ending = cause(of: ending, usage)
        default: break
        }
        var result = CommandResult(
            ending: ending, duration: .now - begin, outputBytes: outputBytes, peakMemory: usage.peakMemory,
            unenforced: group.unenforced)
        result.detail = detail(of: ending, usage)
        return result
    }

    private func memoryEnding(_ usage: ControlGroup.Usage) -> CommandResult.Ending? {
        switch usage.memory {
        case .ownLimit: .outOfMemory
        case .machine: .hostOutOfMemory
        case nil: nil
        }
    }

    /// The exceeded limit in words.
    private func detail(of ending: CommandResult.Ending, _ usage: ControlGroup.Usage) -> String? {
        func mebibytes(_ bytes: Int?) -> String { bytes.map { "\($0 >> 20) MiB" } ?? "none" }
        return switch ending {
        case .outOfMemory:
            "the kernel killed a process: all processes of the job together used up its memory limit of "
                + mebibytes(limits.memory)
        case .hostOutOfMemory:
            "the kernel killed a process for lack of memory on this machine, though the job was within its own limit of "
                + "\(mebibytes(limits.memory)): at most \(mebibytes(usage.peakMemory)) were used"
        case .processLimit: "the job's limit of \(limits.processes ?? 0) processes and threads was reached"
        case .hostLimit: "the job was within its own limits"
        case .diskLimit: "the job's files need more than its disk limit of \(mebibytes(limits.disk))"
        case .outputLimit: "the job printed more than its limit of \(limits.output ?? 0) bytes"
        case .timedOut(.wall): "the job's time limit is \(limits.time?.components.seconds ?? 0) s"
        case .timedOut(.silence): "nothing was printed for \(limits.silence?.components.seconds ?? 0) s"
        default: nil
        }
    }

    /// How the command ended according to its own status.
    private func ending(_ waitStatus: Int32) -> CommandResult.Ending {
        switch report {
        case .bubblewrap:
            guard let reported = number("exit-code") else {
                // The group was killed as a whole for lack of memory, or bubblewrap was killed from outside: no process
                // inside can reach it.
                if inner != nil, waitStatus & 0x7f != 0 { return .killedFromOutside(waitStatus & 0x7f) }
                let message = trimmed(tail)
                // Earlier commands may have removed the directory, which is not the machine's fault.
                if message.contains("bwrap: Can't chdir to") { return .exited(126) }
                return .setupFailed(message.isEmpty ? "bwrap ended with wait status \(waitStatus)" : message)
            }
            return ending(code: Int32(truncatingIfNeeded: reported))
        case .watchdog:
            return watchdogEnding() ?? .connectionLost(trimmed(statusText.suffix(500)))
        case .status:
            return waitStatus & 0x7f != 0 ? .signalled(waitStatus & 0x7f) : ending(code: (waitStatus >> 8) & 0xff)
        }
    }

    /// Exit codes above 128 are signals, by the convention of shells.
    private func ending(code: Int32) -> CommandResult.Ending {
        (129...160).contains(code) ? .signalled(code - 128) : .exited(code)
    }

    /// The ending reported by the watchdog; nil if the connection ended before.
    private func watchdogEnding() -> CommandResult.Ending? {
        let lines = String(decoding: statusText, as: UTF8.self).split(separator: "\n")
        guard let line = lines.last(where: { $0.hasPrefix("ciso: ") }) else { return nil }
        let words = line.split(separator: " ")
        guard words.count == 3, let code = Int32(words[2]) else { return nil }
        switch words[1] {
        case "exit": return ending(code: code)
        case "wall": return .timedOut(.wall)
        case "disk": return .diskLimit
        case "full": return .hostDiskFull
        default: return nil
        }
    }

    private func trimmed(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The cause of a command's failure if it was not the command itself.
    private func cause(of ending: CommandResult.Ending, _ usage: ControlGroup.Usage) -> CommandResult.Ending {
        if let memory = memoryEnding(usage) { return memory }
        if ending == .signalled(SIGXFSZ), let own = limits.disk, let size = inheritedFileSizeLimit, size < own {
            return .hostLimit("size of a file (ulimit -f)")
        }
        if let limit = limits.disk, ending == .signalled(SIGXFSZ) || disk.used() > limit { return .diskLimit }
        switch usage.processes {
        case .ownLimit: return .processLimit
        case .machine: return .hostLimit("processes")
        case nil: break
        }
        if let path = disk.paths.first, freeBytes(at: path) < disk.reserve || freeFiles(at: path) < 1000 {
            return .hostDiskFull
        }
        return ending
    }

    /// The limit on the size of files of this process in bytes; nil if there is none.
    private var inheritedFileSizeLimit: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_max == .max ? nil : Int(clamping: limit.rlim_max)
    }

    /// The number with this name in bubblewrap's output, such as `{ "child-pid": 5, … }`.
    private func number(_ name: String) -> Int? {
        let text = String(decoding: statusText, as: UTF8.self)
        guard let key = text.range(of: "\"\(name)\":") else { return nil }
        return Int(text[key.upperBound...].drop { $0 == " " }.prefix { $0.isNumber })
    }
}
