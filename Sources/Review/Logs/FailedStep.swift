internal import Glibc
package import LogReading
internal import Model
package import PluginMessages

/// The last failed step in a job's log, and the range of its output.
struct FailedStep {
    let phase: Phase
    /// The byte range of the step's output.
    let range: Range<Int>

    /// Nil if the log has no steps or none failed.
    ///
    /// - Complexity: O(bytes).
    init?(in log: UnsafeRawBufferPointer) {
        guard log.starts(with: LogEncoder.marker.utf8) else { return nil }
        var open: (phase: Phase, start: Int)?
        var failed: (phase: Phase, range: Range<Int>)?
        var next: Int? = 0
        while let start = next {
            let end = Self.end(of: start, in: log)
            let line = UnsafeRawBufferPointer(rebasing: log[start..<end])
            if let boundary = LogBoundary(line) {
                if boundary.isBegin, open == nil {
                    open = (boundary.phase, min(end + 1, log.count))
                } else if !boundary.isBegin, let step = open, step.phase == boundary.phase {
                    if !Self.isGood(line) {
                        failed = (step.phase, step.start..<max(step.start, start))
                    }
                    open = nil
                }
            }
            next = Self.nextNote(from: end, in: log)
        }
        // The log of a stopped job ends within a step.
        if let open { failed = (open.phase, open.start..<log.count) }
        guard let failed else { return nil }
        (phase, range) = failed
    }

    private static let newline = UInt8(ascii: "\n")

    /// The beginning of the next line written by the runner after a line that ends at `position` or later.
    private static func nextNote(from position: Int, in log: UnsafeRawBufferPointer) -> Int? {
        let (blank, equals) = (UInt8(ascii: " "), UInt8(ascii: "="))
        // A line break and `=== ` are five bytes; the last byte of the window determines how far the search can skip.
        var last = position + 4
        while last < log.count {
            let byte = log[last]
            if byte == blank {
                if log[last - 1] == equals, log[last - 2] == equals, log[last - 3] == equals, log[last - 4] == newline {
                    return last - 3
                }
                last += 5
            } else {
                last += byte == equals ? 1 : byte == newline ? 4 : 5
            }
        }
        return nil
    }

    private static func end(of start: Int, in log: UnsafeRawBufferPointer) -> Int {
        guard start < log.count, let base = log.baseAddress,
            let found = memchr(base + start, Int32(newline), log.count - start)
        else { return log.count }
        return base.distance(to: UnsafeRawPointer(found))
    }

    /// Whether a line `=== end PHASE STEP: ENDING, N bytes` reports success.
    private static func isGood(_ line: UnsafeRawBufferPointer) -> Bool {
        // Phases and step names contain no spaces.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
        return line[colon...].starts(with: ": exit status 0, ".utf8)
    }
}

extension LogReader {
    /// Reads the error in a log: in the last failed step if ciso wrote the log, otherwise in the whole log.
    ///
    /// - Parameter phase: The phase that printed the log; nil to use that of the step, if known.
    package func read(
        jobLog log: UnsafeRawBufferPointer, phase: LogPattern.Phase? = nil
    ) -> (finding: LogFinding?, phase: LogPattern.Phase?) {
        let failed = FailedStep(in: log)
        let phase = phase ?? failed.flatMap { LogPattern.Phase(rawValue: $0.phase.rawValue) }
        return (read(log, in: failed?.range, phase: phase), phase)
    }
}
