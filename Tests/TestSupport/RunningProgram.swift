package import Glibc
internal import Synchronization

/// A program that runs during a test.
package final class RunningProgram: Sendable {
    package let identifier: pid_t
    private let files: (output: UnnamedFile, messages: UnnamedFile?)
    /// The wait status, once it has ended.
    private let status = Mutex<Int32?>(nil)

    init(_ identifier: pid_t, output: UnnamedFile, messages: UnnamedFile?) {
        self.identifier = identifier
        files = (output, messages)
    }

    package var isRunning: Bool {
        status.withLock { status in
            guard status == nil else { return false }
            var found: Int32 = 0
            if waitpid(identifier, &found, WNOHANG) == identifier { status = found }
            return status == nil
        }
    }

    /// The output so far.
    package var output: String { files.output.text }

    /// The standard error so far; empty if that is included in the output.
    package var messages: String { files.messages?.text ?? "" }

    /// Waits for its end.
    @discardableResult package func wait() -> Program.Ending {
        while isRunning {
            var info = siginfo_t()
            // It is reaped under the lock, so that no signal goes to a later process of the same number.
            waitid(P_PID, id_t(identifier), &info, WEXITED | WNOWAIT)
        }
        return ending
    }

    /// Waits for its end without keeping a thread from other tests.
    ///
    /// - Throws: `NotInTime` for one that does not end within a quarter of an hour; it is killed.
    package func end() async throws -> Program.Ending {
        try await wait(until: "its end") { false }
        return ending
    }

    /// Waits for an effect of the program, or for its end.
    ///
    /// - Throws: `NotInTime`, with its output, where neither happens within a quarter of an hour; it is killed. What
    ///   `condition` throws.
    package func wait(
        until what: String, isolation: isolated (any Actor)? = #isolation, _ condition: () throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(900)
        while isRunning, try !condition() {
            guard ContinuousClock.now < deadline else {
                kill(SIGKILL)
                wait()
                throw NotInTime(description: "waited for \(what); the program printed: \(output.suffix(4_000))")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    package func kill(_ signal: Int32) {
        status.withLock { status in
            if status == nil { _ = Glibc.kill(identifier, signal) }
        }
    }

    private var ending: Program.Ending {
        let word = status.withLock { $0 ?? 0 }
        let signal = word & 0x7f
        return Program.Ending(
            status: signal == 0 ? (word >> 8) & 0xff : 128 + signal, output: output, messages: messages)
    }
}
