internal import Core

/// The lines of a log around its error, with their numbers.
package struct ErrorRegion: Sendable, Hashable {
    /// A line without its end, not made displayable.
    package struct Line: Sendable, Hashable {
        /// Counted from 1.
        package var number: Int
        package var text: String
    }

    /// The lines in their order.
    package private(set) var lines: [Line]
    /// The numbers of the lines that are the error; nil where only the end of the log is shown, because none was recognised.
    package private(set) var error: ClosedRange<Int>?
    /// How many lines the log has.
    package let count: Int

    private static let before = 6
    private static let after = 9
    /// Lines of an error that are shown at most.
    private static let longestError = 30

    /// The lines around an error.
    ///
    /// - Parameter error: The numbers of its lines, from 1; nil, and where the log has no such lines: the end of the log is
    ///   the region.
    /// - Returns: nil for an empty log.
    /// - Complexity: O(bytes).
    package init?(in log: [UInt8], error: ClosedRange<Int>?) {
        let starts = Self.starts(of: log)
        guard !starts.isEmpty else { return nil }
        count = starts.count
        let text = LogLines(log: log, starts: starts)
        self.error = error.flatMap { error in
            (1...starts.count).contains(error.lowerBound)
                ? error.lowerBound...min(error.upperBound, starts.count) : nil
        }
        let last: Int
        let first: Int
        if let error = self.error {
            first = error.lowerBound - 1 - Self.before
            last = min(error.upperBound, error.lowerBound + Self.longestError) - 1 + Self.after
        } else {
            last = text.lastPrinted
            first = last - Self.before - Self.after
        }
        lines = (max(0, first)...min(starts.count - 1, last)).map { Line(number: $0 + 1, text: text[$0]) }
    }

    private static func starts(of log: [UInt8]) -> [Int] {
        var starts: [Int] = []
        log.withUnsafeBufferPointer { bytes in
            var isStart = true
            for index in bytes.indices {
                if isStart { starts.append(index) }
                isStart = bytes[index] == UInt8(ascii: "\n")
            }
        }
        return starts
    }

    /// For a terminal: the numbers, and a mark at the error.
    package var text: [String] {
        let width = "\(lines.last?.number ?? 0)".count
        return lines.map { line in
            let number = "\(line.number)"
            let mark = error?.contains(line.number) == true ? ">" : " "
            return "\(mark) \(String(repeating: " ", count: width - number.count))\(number)  \(line.text.displayable)"
        }
    }

    /// Where the error is, in words.
    package var place: String {
        guard let error else { return "no line of the log was recognised as the error: its end is" }
        let lines = error.count == 1 ? "line \(error.lowerBound)" : "lines \(error.lowerBound) to \(error.upperBound)"
        return "the error is \(lines) of \(count)"
    }
}

/// The lines of a log by their indexes.
private struct LogLines {
    let log: [UInt8]
    let starts: [Int]

    private func bytes(_ index: Int) -> ArraySlice<UInt8> {
        let end = index + 1 < starts.count ? starts[index + 1] : log.count
        let line = log[starts[index]..<end]
        return line.last == UInt8(ascii: "\n") ? line.dropLast() : line
    }

    subscript(index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

    /// The last line that a command printed; the last line of all where there is none.
    var lastPrinted: Int { starts.indices.last { !bytes($0).starts(with: "=== ".utf8) } ?? starts.count - 1 }
}
