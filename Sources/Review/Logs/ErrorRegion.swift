internal import Core

/// The lines of a log around its error, with their numbers.
package struct ErrorRegion: Sendable, Hashable {
    /// A line without its line break; control characters are not removed.
    package struct Line: Sendable, Hashable {
        /// The line number, from 1.
        package var number: Int
        /// The text of the line.
        package var text: String
    }

    /// The lines of the region.
    package private(set) var lines: [Line]
    /// The line numbers of the error; nil if none was recognised and the region is the end of the log.
    package private(set) var error: ClosedRange<Int>?
    /// The number of lines of the log.
    package let count: Int

    private static let before = 6
    private static let after = 9
    /// The maximum number of lines shown of an error.
    private static let longestError = 30

    /// The lines around an error.
    ///
    /// - Parameter error: The line numbers of the error, from 1. If nil or out of range, the region is the end of the
    ///   log.
    /// - Returns: Nil for an empty log.
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

    /// The lines for a terminal, with numbers and a mark at the error.
    package var text: [String] {
        let width = "\(lines.last?.number ?? 0)".count
        return lines.map { line in
            let number = "\(line.number)"
            let mark = error?.contains(line.number) == true ? ">" : " "
            return "\(mark) \(String(repeating: " ", count: width - number.count))\(number)  \(line.text.displayable)"
        }
    }

    /// The position of the error in words.
    package var location: String {
        guard let error else { return "no error was recognised in the log; its end is" }
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

    /// The last line printed by a command; if there is none, the last line of the log.
    var lastPrinted: Int { starts.indices.last { !bytes($0).starts(with: "=== ".utf8) } ?? starts.count - 1 }
}
