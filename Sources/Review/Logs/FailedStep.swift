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
            var position = start + LogEncoder.marker.utf8.count
            // Within a step, only the line that ends it matters, and between steps one that begins a step.
            if position + 4 <= log.count,
                log.loadUnaligned(fromByteOffset: position, as: UInt32.self) == (open == nil ? Self.begin : Self.end)
            {
                position = Self.end(of: position, in: log)
                let line = UnsafeRawBufferPointer(rebasing: log[start..<position])
                if let boundary = LogBoundary(line) {
                    if let step = open {
                        if !boundary.isBegin, step.phase == boundary.phase {
                            if !Self.isGood(line) { failed = (step.phase, step.start..<max(step.start, start)) }
                            open = nil
                        }
                    } else if boundary.isBegin {
                        open = (boundary.phase, min(position + 1, log.count))
                    }
                }
            }
            next = Self.nextNote(from: position, in: log)
        }
        // The log of a stopped job ends within a step.
        if let open { failed = (open.phase, open.start..<log.count) }
        guard let failed else { return nil }
        (phase, range) = failed
    }

    /// The first four bytes of what is after the marker in lines that begin and end a step.
    private static let begin = word("begi")
    private static let end = word("end ")

    private static func word(_ text: StaticString) -> UInt32 {
        UnsafeRawPointer(text.utf8Start).loadUnaligned(as: UInt32.self)
    }

    private static let newline = UInt8(ascii: "\n")

    /// The beginning of the next line written by the runner after a line that ends at `position` or later.
    private static func nextNote(from position: Int, in log: UnsafeRawBufferPointer) -> Int? {
        guard let base = log.baseAddress else { return nil }
        func bytes(_ position: Int) -> SIMD16<UInt8> {
            base.loadUnaligned(fromByteOffset: position, as: SIMD16<UInt8>.self)
        }
        // A line break and `=== ` are five bytes: sixteen places are compared with them at once, whatever the log
        // contains.
        let (newlines, equals) = (SIMD16(repeating: newline), SIMD16(repeating: UInt8(ascii: "=")))
        let blanks = SIMD16(repeating: UInt8(ascii: " "))
        var position = position
        while position + 20 <= log.count {
            let places =
                (bytes(position) .== newlines) .& (bytes(position + 1) .== equals) .& (bytes(position + 2) .== equals)
                .& (bytes(position + 3) .== equals) .& (bytes(position + 4) .== blanks)
            let words = unsafeBitCast(places, to: SIMD2<UInt64>.self)
            if words[0] | words[1] != 0 {
                let first = words[0] != 0 ? words[0].trailingZeroBitCount : 64 + words[1].trailingZeroBitCount
                return position + first / 8 + 1
            }
            position += 16
        }
        while position + 5 <= log.count {
            if log[position] == newline, log[(position + 1)...].starts(with: LogEncoder.marker.utf8) {
                return position + 1
            }
            position += 1
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
        guard let base = line.baseAddress, let colon = memchr(base, Int32(UInt8(ascii: ":")), line.count) else {
            return false
        }
        let left = line.count - base.distance(to: UnsafeRawPointer(colon))
        return good.withUTF8Buffer { good in left >= good.count && memcmp(colon, good.baseAddress!, good.count) == 0 }
    }

    private static let good: StaticString = ": exit status 0, "
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
