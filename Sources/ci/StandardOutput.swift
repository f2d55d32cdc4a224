internal import Core
internal import Foundation
internal import Synchronization
internal import System

/// The only way to print data: buffered standard output, written at the end or by `flush`.
///
/// Control characters are made visible (see `String.displayable`), except in `write(raw:)` and `styled`.
///
/// - SeeAlso: `docs/decisions/0125-standard-streams.md`
enum StandardOutput {
    private static let buffer = Mutex(OutputBuffer(STDOUT_FILENO))
    private static let toleratesClosed = Mutex(false)

    /// Prints a line.
    ///
    /// - Parameter styled: Adds colours to the line after control characters were made visible.
    static func print(_ line: String, styled: (String) -> String = { $0 }) {
        append(styled(line.displayable).utf8 + [UInt8(ascii: "\n")])
    }

    /// Prints text that contains its own line breaks.
    static func write(_ text: String) {
        append(Array(text.displayable.utf8))
    }

    /// Prints JSON with control characters escaped.
    static func write(json text: String) {
        append(Array(text.displayableJSON.utf8))
    }

    /// Writes bytes unchanged.
    static func write(raw bytes: [UInt8]) {
        append(bytes)
    }

    private static func append(_ bytes: [UInt8]) {
        buffer.withLock { buffer in
            buffer.append(bytes)
            if Terminal.printsToTerminal { buffer.flush() }
        }
    }

    /// Writes the buffered output, for a reader that waits for it.
    static func flush() {
        buffer.withLock { $0.flush() }
    }

    /// Lets the command succeed if standard output was closed from the start, because its output is also stored
    /// elsewhere.
    static func tolerateClosed() {
        toleratesClosed.withLock { $0 = true }
    }

    /// Writes the buffered output at the end of the program.
    ///
    /// - Throws: `Failure` if output could not be written, unless its reader closed the pipe.
    static func finish() throws(Failure) {
        let fault = buffer.withLock { buffer in
            buffer.flush()
            return buffer.fault
        }
        switch fault {
        case nil, .readerGone: return
        case .closed:
            if toleratesClosed.withLock({ $0 }) { return }
            throw Failure(
                .unavailable, "standard output is closed, so the output is lost",
                hint: ">/dev/null discards it")
        case .system(let number):
            throw Failure(
                .unavailable, "standard output cannot be written: \(errorText(number))",
                hint: "the output is incomplete")
        }
    }

    /// Waits on a dedicated thread until the reader of standard output has closed it, and then calls `gone`. Never
    /// calls it for a file or a terminal that stays open.
    static func onReaderGone(_ gone: @escaping @Sendable () -> Void) {
        BlockingWork.start {
            var request = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&request, 1, -1) < 0 {
                guard errno == EINTR || errno == EAGAIN else { return }
            }
            gone()
        }
    }
}

/// The only way to write to standard error. Messages that cannot be written are discarded without an error.
enum StandardError {
    private static let buffer = Mutex(OutputBuffer(STDERR_FILENO))

    /// Flushes standard output and prints a line.
    static func print(_ line: String) {
        write(line + "\n")
    }

    /// Prints text that contains its own line breaks.
    static func write(_ text: String) {
        write(control: text.displayable)
    }

    /// Writes text unchanged, such as cursor movements.
    static func write(control text: String) {
        StandardOutput.flush()
        buffer.withLock { buffer in
            buffer.append(text.utf8)
            buffer.flush()
        }
    }
}
