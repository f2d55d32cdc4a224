internal import Core
internal import Foundation
internal import Supervision
internal import Synchronization
internal import System

/// Ends the program on Ctrl-C, SIGTERM and SIGHUP with the exit code of an interruption.
///
/// A command that needs an orderly shutdown registers an `InterruptWatch`. All other commands exit at once: they write
/// files atomically or in transactions. A command that can drain does so at the first Ctrl-C, without a time limit; the
/// second Ctrl-C stops it, and so do SIGTERM and SIGHUP at any time. A stopped command ends within `timeout`; one more
/// signal ends it at once. Child processes do not inherit the handlers, which `exec` resets.
///
/// - SeeAlso: `docs/decisions/0123-interruption.md`
enum Interruption {
    /// The reactions of a command to an interruption.
    struct Handlers {
        /// Finishes running jobs and starts no others; nil if the command cannot drain.
        var drain: (@Sendable () -> Void)?
        /// Stops running jobs.
        var stop: @Sendable () -> Void
    }

    private enum Stage {
        case running, draining, stopping
    }

    private struct State {
        var handlers: [UInt64: Handlers] = [:]
        var next: UInt64 = 0
        var stage = Stage.running

        /// Advances to the next stage.
        ///
        /// - Returns: The functions to call; nil if the program must exit at once.
        mutating func advance(by signal: Int32) -> [@Sendable () -> Void]? {
            if stage == .stopping || handlers.isEmpty { return nil }
            let drains = handlers.values.compactMap(\.drain)
            if signal == SIGINT, stage == .running, drains.count == handlers.count {
                stage = .draining
                return drains
            }
            stage = .stopping
            return handlers.values.map(\.stop)
        }
    }

    private static let state = Mutex(State())
    /// How long an orderly shutdown may take. The next run completes unfinished work.
    private static let timeout = Duration.seconds(2)

    /// Installs the signal handlers, except for signals that are ignored, so that `nohup` stays in effect.
    static func begin() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (signalPipe, signalProcess) = (ends[1], getpid())
        let reading = ends[0]
        BlockingWork.start {
            var byte: UInt8 = 0
            while true {
                let count = read(reading, &byte, 1)
                if count == 1 { interrupt(by: Int32(byte)) } else if count == 0 || errno != EINTR { return }
            }
        }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var previous = sigaction()
            sigaction(number, nil, &previous)
            guard unsafeBitCast(previous.__sigaction_handler.sa_handler, to: Int.self) != 1 else { continue }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = passOn
            action.sa_flags = Int32(SA_RESTART)
            sigaction(number, &action, nil)
        }
    }

    /// Runs `body` while this process ignores Ctrl-C and Ctrl-\, which a child process on the same terminal handles.
    static func leavingKeys<Result>(to body: () throws -> Result) rethrows -> Result {
        let numbers = [SIGINT, SIGQUIT]
        let previous = numbers.map { number in
            var (ignored, action) = (sigaction(), sigaction())
            ignored.__sigaction_handler.sa_handler = SIG_IGN
            sigaction(number, &ignored, &action)
            return action
        }
        defer {
            for (number, action) in zip(numbers, previous) {
                var action = action
                sigaction(number, &action, nil)
            }
        }
        return try body()
    }

    /// Removes the temporary files of this process and ends it.
    static func end() -> Never {
        ScratchDirectory.removeAll(within: .milliseconds(500))
        _exit(ExitStatus.interrupted.rawValue)
    }

    static func register(_ handlers: Handlers) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.handlers[state.next] = handlers
            return state.next
        }
    }

    static func remove(_ token: UInt64) {
        state.withLock { _ = $0.handlers.removeValue(forKey: token) }
    }

    private static func interrupt(by signal: Int32) {
        let (handlers, stage) = state.withLock { ($0.advance(by: signal), $0.stage) }
        guard let handlers else { end() }
        if stage == .stopping {
            BlockingWork.start {
                usleep(UInt32(timeout / .microseconds(1)))
                end()
            }
        }
        for handler in handlers { handler() }
    }
}

// Read by the signal handler, where only async-signal-safe operations are allowed. Written before it is installed.
private nonisolated(unsafe) var signalPipe: Int32 = -1
private nonisolated(unsafe) var signalProcess: pid_t = 0

private func passOn(_ number: Int32) {
    let saved = errno
    // A child process still has this handler between `vfork` and `exec`.
    if getpid() == signalProcess {
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(signalPipe, &byte, 1)
    }
    errno = saved
}

/// Calls functions on interruptions, until it is stopped or released.
final class InterruptWatch {
    private let token: UInt64

    /// - Parameters:
    ///   - announce: Tells the user how the command reacts.
    ///   - drain: Finishes running jobs and starts no others; if nil, the first Ctrl-C stops.
    ///   - stop: Stops running jobs.
    init(
        announce: @escaping @Sendable (String) -> Void = { StandardError.print($0) },
        drain: (@Sendable () -> Void)? = nil, stop: @escaping @Sendable () -> Void
    ) {
        let draining = drain.map { drain -> @Sendable () -> Void in
            {
                announce("draining: running jobs finish and no further job starts; press Ctrl-C again to stop them")
                drain()
            }
        }
        token = Interruption.register(
            Interruption.Handlers(drain: draining) {
                announce("stopping: recorded results are kept; press Ctrl-C again to quit now")
                stop()
            })
    }

    /// Unregisters the functions: an interruption then ends the program at once.
    func stop() { Interruption.remove(token) }
}
