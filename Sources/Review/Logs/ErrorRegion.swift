internal import Core
internal import Glibc

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
    /// The number of the line that is the error; nil where only the end of the log is shown, because none was recognised.
    package private(set) var error: Int?
    /// How many lines the log has.
    package let count: Int

    private static let before = 6
    private static let after = 9
    /// Bytes at the end of a log in which the error is looked for, as when it was classified.
    private static let searched = 8 << 20

    /// Finds the error of a log.
    ///
    /// - Parameters:
    ///   - line: the number of the error's line, where it was recorded.
    ///   - reason: the error line as it was reported; where it is not in the log, the end of the log is the region.
    /// - Returns: nil for an empty log.
    package init?(in log: [UInt8], line: Int?, reason: String?) {
        let starts = Self.starts(of: log)
        guard !starts.isEmpty else { return nil }
        count = starts.count
        let text = LogLines(log: log, starts: starts)
        let recorded = line.flatMap { (1...starts.count).contains($0) ? $0 - 1 : nil }
        let found = recorded ?? reason.flatMap { text.last(containing: $0, from: log.count - Self.searched) }
        let last = found.map { $0 + Self.after } ?? text.lastPrinted
        let first = (found ?? last) - Self.before - (found == nil ? Self.after : 0)
        error = found.map { $0 + 1 }
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
            let mark = line.number == error ? ">" : " "
            return "\(mark) \(String(repeating: " ", count: width - number.count))\(number)  \(line.text.displayable)"
        }
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

    private func isRunners(_ index: Int) -> Bool { bytes(index).starts(with: "=== ".utf8) }

    /// The last line that a command printed; the last line of all where there is none.
    var lastPrinted: Int { starts.indices.last { !isRunners($0) } ?? starts.count - 1 }

    /// The last line that a command printed and that has the first line of `reason` in it.
    func last(containing reason: String, from offset: Int) -> Int? {
        let first = reason.split(separator: "\n").first.map(String.init) ?? ""
        let words = Self.words(of: first)
        // A part of the reason that looks the same before and after it is made displayable: lines without it are not decoded.
        let parts = first.utf8.split { !(0x21...0x7E).contains($0) }
        guard let probe = parts.max(by: { $0.count < $1.count }).map(Array.init) else { return nil }
        return starts.indices.reversed().first { index in
            starts[index] >= offset && !isRunners(index) && bytes(index).contains(probe)
                && Self.words(of: self[index]).contains(words)
        }
    }

    private static func words(of line: String) -> String {
        line.displayableOnOneLine.split(separator: " ").joined(separator: " ")
    }
}

extension ArraySlice<UInt8> {
    /// Whether `probe`, which is not empty, is somewhere in these bytes.
    fileprivate func contains(_ probe: [UInt8]) -> Bool {
        withUnsafeBytes { bytes in
            var start = 0
            while start + probe.count <= bytes.count,
                let found = memchr(bytes.baseAddress! + start, Int32(probe[0]), bytes.count - probe.count - start + 1)
            {
                if memcmp(found, probe, probe.count) == 0 { return true }
                start = UnsafeRawPointer(found) - bytes.baseAddress! + 1
            }
            return false
        }
    }
}
