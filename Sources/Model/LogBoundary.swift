/// A line of the runner in a job's log that begins or ends a step. No build can print one: see ``LogEncoder``.
package struct LogBoundary: Hashable, Sendable {
    /// Whether the line begins the step.
    package let isBegin: Bool
    /// The phase of the step.
    package let phase: Phase
    /// The offset of the phase in the line. It is followed by the name of the step, and its command or how it ended.
    package let start: Int

    private static let begin = Array("\(LogEncoder.marker)begin ".utf8)
    private static let end = Array("\(LogEncoder.marker)end ".utf8)
    private static let phases = Phase.allCases.map { (name: Array($0.rawValue.utf8), phase: $0) }

    /// - Parameter line: A line of the log, with or without its line feed.
    /// - Returns: nil for other lines.
    package init?(_ line: ArraySlice<UInt8>) {
        guard line.first == UInt8(ascii: "="),
            let boundary = line.withUnsafeBytes({ LogBoundary($0, startIndex: line.startIndex) })
        else { return nil }
        self = boundary
    }

    /// - Parameters:
    ///   - line: A line of the log, with or without its line feed.
    ///   - startIndex: The index of its first byte, which `start` is relative to.
    /// - Returns: nil for other lines.
    package init?(_ line: UnsafeRawBufferPointer, startIndex: Int = 0) {
        isBegin = Self.has(Self.begin, in: line, at: 0)
        guard isBegin || Self.has(Self.end, in: line, at: 0) else { return nil }
        let first = isBegin ? Self.begin.count : Self.end.count
        let found = Self.phases.first { name, _ in
            let end = first + name.count
            return Self.has(name, in: line, at: first) && (end == line.count || line[end] == UInt8(ascii: " "))
        }
        guard let phase = found?.phase else { return nil }
        (self.phase, start) = (phase, startIndex + first)
    }

    /// Whether `text` is in a line at an offset.
    private static func has(_ text: [UInt8], in line: UnsafeRawBufferPointer, at start: Int) -> Bool {
        guard line.count - start >= text.count else { return false }
        for offset in text.indices where line[start + offset] != text[offset] { return false }
        return true
    }
}
