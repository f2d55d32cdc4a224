internal import Core
internal import Foundation
internal import Review
internal import Synchronization

/// What is known of the terminal, from the descriptors and the environment.
enum Terminal {
    /// True when standard error is a terminal on which lines can be rewritten.
    static let stderrIsTerminal = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"

    /// Whether a trace is written to standard error, between whose lines none can be redrawn.
    static var hasTrace: Bool {
        get { trace.load(ordering: .relaxed) }
        set { trace.store(newValue, ordering: .relaxed) }
    }

    private static let trace = Atomic(false)

    /// True when standard output is a terminal.
    static let printsToTerminal = isatty(STDOUT_FILENO) == 1

    /// True unless the user or the place says otherwise: see no-color.org.
    static let hasColour = printsToTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"

    /// Columns of the terminal behind standard error; 80 where there is none.
    static var columns: Int { columns(of: STDERR_FILENO) }

    /// Columns of the terminal behind a descriptor; 80 where there is none.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// A line of output as it is shown: on a terminal cut to its width.
    static func fitting(_ line: String) -> String {
        printsToTerminal ? line.displayableOnOneLine.cut(to: columns(of: STDOUT_FILENO)) : line
    }

    /// The value of an environment variable.
    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name]
    }
}
