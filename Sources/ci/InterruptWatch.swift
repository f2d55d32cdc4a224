internal import Core
internal import Foundation
internal import Supervision
internal import Synchronization
internal import System

/// Ends the program on Ctrl-C, SIGTERM and SIGHUP with the exit code of an interruption.
///
/// A command that has to end in good order registers an `InterruptWatch`. All others end at once: whatever they write is
/// written aside first, or is a transaction. Children do not inherit the handling: handlers do not survive `exec`.
enum Interruption {
    private struct State {
        var handlers: [UInt64: @Sendable () -> Void] = [:]
        var next: UInt64 = 0
        var isInterrupted = false
    }

    private static let state = Mutex(State())
    /// How long a command may take to end in good order. What is unfinished then is tidied by the next run.
    private static let patience = Duration.seconds(2)

    /// Handles the signals from now on, but for those that are ignored: `nohup` stays in effect.
    static func begin() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (signalPipe, signalProcess) = (ends[1], getpid())
        let reading = ends[0]
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = read(reading, &byte, 1)
                if count == 1 { interrupt() } else if count == 0 || errno != EINTR { return }
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

    /// Removes the temporary files of this process and ends it.
    static func end() -> Never {
        ScratchDirectory.removeAll(within: .milliseconds(500))
        _exit(ExitStatus.interrupted.rawValue)
    }

    static func register(_ handler: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.handlers[state.next] = handler
            return state.next
        }
    }

    static func remove(_ token: UInt64) {
        state.withLock { _ = $0.handlers.removeValue(forKey: token) }
    }

    private static func interrupt() {
        let (isSecond, handlers) = state.withLock { state in
            defer { state.isInterrupted = true }
            return (state.isInterrupted, Array(state.handlers.values))
        }
        if isSecond || handlers.isEmpty { end() }
        Thread.detachNewThread {
            usleep(UInt32(patience / .microseconds(1)))
            end()
        }
        for handler in handlers { handler() }
    }
}

// Read by the signal handler, which may do next to nothing. Written before it is installed.
private nonisolated(unsafe) var signalPipe: Int32 = -1
private nonisolated(unsafe) var signalProcess: pid_t = 0

private func passOn(_ number: Int32) {
    let saved = errno
    // A child between `vfork` and `exec` still has this handler.
    if getpid() == signalProcess {
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(signalPipe, &byte, 1)
    }
    errno = saved
}

/// Turns the first interruption into a call, until it is stopped or released.
final class InterruptWatch {
    private let token: UInt64

    /// - Parameter note: what the user is told at the first; nil: nothing.
    init(
        note: String? = "stopping: recorded results are kept; press Ctrl-C again to quit now",
        _ interrupted: @escaping @Sendable () -> Void
    ) {
        token = Interruption.register {
            if let note { StandardError.print(note) }
            interrupted()
        }
    }

    /// From now on an interruption ends the program at once.
    func stop() { Interruption.remove(token) }
}
