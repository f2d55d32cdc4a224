internal import Glibc

/// A program that uses the terminal and reads what we write: a pager.
///
/// It has our standard output and error, and the keys of the terminal go to it as well as to us. It outlives us where we are
/// killed. SIGPIPE must be ignored: the program may end before it has read everything.
package struct ForegroundProgram: ~Copyable {
    private let process: Int32
    /// The pipe to its standard input; -1 once closed.
    private var input: Int32

    /// Starts a command of the shell.
    ///
    /// - Parameter environment: all variables that it sees.
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

    /// Writes all of `bytes`, and blocks the thread while the program does not read.
    ///
    /// - Returns: false if the program has stopped reading.
    package func write(_ bytes: [UInt8]) -> Bool {
        (try? writeAll(bytes, to: input, "pipe")) != nil
    }

    /// Ends its input and waits for its end. Blocks the thread.
    ///
    /// - Returns: its exit code, or 128 and the signal that ended it.
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
