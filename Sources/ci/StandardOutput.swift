internal import Core
internal import Foundation
internal import Synchronization
internal import System

/// The one way to print data: standard output, kept in a buffer until the end or `flush`.
///
/// What would act on a terminal is made visible: see `String.displayable`. Only `write(raw:)` and `styled` pass it.
enum StandardOutput {
    private static let buffer = Mutex(OutputBuffer(STDOUT_FILENO))
    private static let toleratesClosed = Mutex(false)

    /// Prints a line.
    ///
    /// - Parameter styled: adds colours of ours to the line, after everything else was made visible.
    static func print(_ line: String, styled: (String) -> String = { $0 }) {
        append(styled(line.displayable).utf8 + [UInt8(ascii: "\n")])
    }

    /// Prints text that ends its lines itself.
    static func write(_ text: String) {
        append(Array(text.displayable.utf8))
    }

    /// Prints JSON, in which what would act on a terminal is escaped.
    static func write(json text: String) {
        append(Array(text.displayableJSON.utf8))
    }

    /// Passes bytes on as they are.
    static func write(raw bytes: [UInt8]) {
        append(bytes)
    }

    private static func append(_ bytes: [UInt8]) {
        buffer.withLock { buffer in
            buffer.append(bytes)
            if Terminal.printsToTerminal { buffer.flush() }
        }
    }

    /// Writes what is kept, for a reader who waits for it.
    static func flush() {
        buffer.withLock { $0.flush() }
    }

    /// Lets the command keep its exit code where standard output was closed from the start: what it prints is kept
    /// elsewhere too.
    static func tolerateClosed() {
        toleratesClosed.withLock { $0 = true }
    }

    /// Writes what is kept, for good.
    ///
    /// - Throws: `Failure` where something that was printed could not be written, unless its reader had seen enough.
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
                .unavailable, "standard output is closed: what was printed is lost",
                hint: ">/dev/null throws it away")
        case .system(let number):
            throw Failure(
                .unavailable, "standard output cannot be written: \(errorText(number))",
                hint: "what was printed is not complete")
        }
    }

    /// Waits on a thread of its own until nobody can read standard output any more, and then calls `gone`; never where
    /// it is a file or a terminal that stays.
    static func onReaderGone(_ gone: @escaping @Sendable () -> Void) {
        Thread.detachNewThread {
            var request = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&request, 1, -1) < 0 {
                guard errno == EINTR || errno == EAGAIN else { return }
            }
            gone()
        }
    }
}

/// Writes messages to standard error; nothing else does. A message that cannot be written is lost and stops nothing.
enum StandardError {
    private static let buffer = Mutex(OutputBuffer(STDERR_FILENO))

    /// Prints a line, after what was printed on standard output.
    static func print(_ line: String) {
        write(line + "\n")
    }

    /// Prints text that ends its lines itself.
    static func write(_ text: String) {
        write(control: text.displayable)
    }

    /// Passes text on as it is: movements of the cursor on a terminal.
    static func write(control text: String) {
        StandardOutput.flush()
        buffer.withLock { buffer in
            buffer.append(text.utf8)
            buffer.flush()
        }
    }
}
