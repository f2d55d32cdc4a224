internal import Core
internal import Glibc
internal import Review

/// Prints summaries of results on standard output.
enum SummaryPrinter {
    static func print(_ summary: ResultsSummary) {
        for line in SummaryText(summary, width: Terminal.columns(of: STDOUT_FILENO)).lines {
            StandardOutput.print(line)
        }
    }
}
