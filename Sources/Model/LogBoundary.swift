/// A line of the runner in a job's log that begins or ends a step. No build can print one: see ``LogEncoder``.
package struct LogBoundary: Hashable, Sendable {
    /// Whether the line begins the step.
    package let isBegin: Bool
    /// The phase of the step.
    package let phase: Phase
    /// The offset of the phase in the line. After it come the name of the step, and its command or how it ended.
    package let start: Int

    private static let begin = Array("\(LogEncoder.marker)begin ".utf8)
    private static let end = Array("\(LogEncoder.marker)end ".utf8)

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
        isBegin = line.starts(with: Self.begin)
        guard isBegin || line.starts(with: Self.end) else { return nil }
        let first = isBegin ? Self.begin.count : Self.end.count
        let word = line[first...].prefix { $0 != UInt8(ascii: " ") }
        guard let phase = Phase(rawValue: String(decoding: word, as: UTF8.self)) else { return nil }
        (self.phase, start) = (phase, startIndex + first)
    }
}
