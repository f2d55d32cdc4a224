internal import Core
internal import Foundation
internal import Review
internal import Synchronization

/// Properties of the terminal, from the file descriptors and the environment.
enum Terminal {
    /// Whether standard error is a terminal on which lines can be redrawn.
    static let stderrIsTerminal = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"

    /// Whether a trace is written to standard error; lines are then not redrawn.
    static var hasTrace: Bool {
        get { trace.load(ordering: .relaxed) }
        set { trace.store(newValue, ordering: .relaxed) }
    }

    private static let trace = Atomic(false)

    /// Whether standard output is a terminal.
    static let printsToTerminal = isatty(STDOUT_FILENO) == 1

    /// Whether to use colours: on a terminal, unless `NO_COLOR` (no-color.org) or `TERM` disables them.
    static let hasColour = printsToTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"

    /// The width of the terminal on standard error in columns; 80 if there is none.
    static var columns: Int { columns(of: STDERR_FILENO) }

    /// The width of the terminal on a file descriptor in columns; 80 if there is none.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// A line of output, truncated to the terminal's width if it is printed on one.
    static func fitting(_ line: String) -> String {
        printsToTerminal ? line.displayableOnOneLine.cut(to: columns(of: STDOUT_FILENO)) : line
    }

    /// The value of an environment variable.
    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name]
    }
}
