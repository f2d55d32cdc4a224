internal import Glibc

/// A program that uses the terminal and reads what we write, such as a pager.
///
/// It inherits our standard output and error, and receives the terminal's signals like us. It survives us if we are
/// killed. SIGPIPE must be ignored: the program may exit before it has read everything.
package struct ForegroundProgram: ~Copyable {
    private let process: Int32
    /// The pipe to its standard input; -1 once closed.
    private var input: Int32

    /// Starts a shell command.
    ///
    /// - Parameter environment: all its variables.
    /// - Throws: `SystemError` if no process can be started.
    package init(command: String, environment: [String: String]) throws(SystemError) {
        let pipe = try PipeEnds<SystemError>()
        process = try ProcessStart(
            path: "/bin/sh", arguments: ["sh", "-c", command],
            environment: environment.map { "\($0.key)=\($0.value)" }.sorted(), input: pipe.reading,
            output: STDOUT_FILENO, error: STDERR_FILENO, isBound: false, isForeground: true
        ).start(SystemError.self)
        input = pipe.takeWriting()
    }

    deinit {
        if input >= 0 { close(input) }
    }

    /// Writes all of `bytes`, and blocks the thread until the program has read enough.
    ///
    /// - Returns: false if the program has stopped reading.
    package func write(_ bytes: [UInt8]) -> Bool {
        (try? writeAll(bytes, to: input, "pipe")) != nil
    }

    /// Closes its input and waits until it exits. Blocks the thread.
    ///
    /// - Returns: its exit code, or 128 plus the number of the signal that killed it.
    package mutating func wait() -> Int32 {
        if input >= 0 { close(input) }
        input = -1
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { return 127 }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
