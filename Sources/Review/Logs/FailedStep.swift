internal import Glibc
package import LogReading
internal import Model
package import PluginMessages

/// The last step of a job's log that failed, and where the log has what it printed.
struct FailedStep {
    let phase: Phase
    /// The bytes of the lines that the step printed.
    let range: Range<Int>

    /// Nil for a log without steps, and where none failed.
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
        // The log of a job that was stopped ends within a step.
        if let open { failed = (open.phase, open.start..<log.count) }
        guard let failed else { return nil }
        (phase, range) = failed
    }

    private static let newline = UInt8(ascii: "\n")

    /// Where the next line of the runner begins whose predecessor ends at `position` or later.
    private static func nextNote(from position: Int, in log: UnsafeRawBufferPointer) -> Int? {
        let (blank, equals) = (UInt8(ascii: " "), UInt8(ascii: "="))
        // The last of the five bytes of a line's end and `=== ` says how far the next ones may be.
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

    /// Whether a line `=== end PHASE STEP: ENDING, N bytes` says that the step succeeded.
    private static func isGood(_ line: UnsafeRawBufferPointer) -> Bool {
        // Neither a phase nor the name of a step has a blank.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
        return line[colon...].starts(with: ": exit status 0, ".utf8)
    }
}

extension LogReader {
    /// What a log says: of a log that ciso wrote its last failed step, in the phase of that step; of others all.
    ///
    /// - Parameter phase: That of the lines; nil: that of the step, where it is known.
    package func read(
        jobLog log: UnsafeRawBufferPointer, phase: LogPattern.Phase? = nil
    ) -> (finding: LogFinding?, phase: LogPattern.Phase?) {
        let failed = FailedStep(in: log)
        let phase = phase ?? failed.flatMap { LogPattern.Phase(rawValue: $0.phase.rawValue) }
        return (read(log, in: failed?.range, phase: phase), phase)
    }
}
