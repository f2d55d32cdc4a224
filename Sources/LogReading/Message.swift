/// The line to report and its continuation lines.
struct Message {
    /// The range in the text.
    private(set) var range: Range<Int>
    private var lines: [LineText]

    private static let lineLimit = 20
    private static let byteLimit = 1024
    private static let ocaml = ["Error:", "Error (", "Warning ", "Fatal error: "].map { Array($0.utf8) }
    private static let others = ["Hint", "make:", "make[", "gmake:", "gmake[", "Command", "File ", "->", "^"].map {
        Array($0.utf8)
    }

    init(at range: Range<Int>, in text: UnsafeRawBufferPointer) {
        let shown = range.lowerBound..<min(range.upperBound, range.lowerBound + 3072)
        let first = LineText(Array(text[shown])[...])
        (self.range, lines) = (shown, [first])
        guard Self.ocaml.contains(where: first.trimmed.starts) else { return }
        let isOfCoq = Self.followsCoq(range.lowerBound, in: text)
        var (position, bytes) = (Lines.end(from: shown.upperBound, in: text) + 1, first.trimmed.count)
        for _ in 0..<Self.lineLimit where position < text.count && bytes < Self.byteLimit {
            let end = Lines.end(from: position, in: text)
            let line = LineText(Array(text[position..<min(end, position + Self.byteLimit)])[...])
            guard !line.isBlank, !Self.others.contains(where: line.trimmed.starts),
                line.isIndented || isOfCoq && lines.last?.trimmed.last != UInt8(ascii: ".")
            else { break }
            lines.append(line)
            bytes += line.trimmed.count
            self.range = shown.lowerBound..<min(end, position + Self.byteLimit)
            position = end + 1
        }
        if self.range.upperBound > shown.lowerBound, text[self.range.upperBound - 1] == Lines.carriageReturn {
            self.range = self.range.dropLast()
        }
    }

    /// The first line of a compiler's message that continues at an indented line; otherwise the line itself.
    static func start(of line: Range<Int>, in text: UnsafeRawBufferPointer) -> Range<Int> {
        guard LineText(Array(text[line])[...]).isIndented else { return line }
        var end = Lines.start(of: line.lowerBound, in: text)
        for _ in 0..<lineLimit where end > 0 {
            let start = Lines.start(of: end - 1, in: text)
            guard end - start <= byteLimit else { return line }
            let previous = LineText(Array(text[start..<end])[...])
            if previous.indented.starts(with: "Error: ".utf8) || previous.indented.starts(with: "Error (".utf8) {
                return start..<end - 1
            }
            guard previous.isIndented else { return line }
            end = start
        }
        return line
    }

    /// Coq's messages are not indented.
    private static func followsCoq(_ position: Int, in text: UnsafeRawBufferPointer) -> Bool {
        var end = Lines.start(of: position, in: text)
        for _ in 0..<4 where end > 0 {
            let start = Lines.start(of: end - 1, in: text)
            let line = LineText(Array(text[start..<min(end - 1, start + 512)])[...]).trimmed
            if line.starts(with: "File ".utf8) {
                return String(decoding: line, as: UTF8.self).contains(".v\", line")
            }
            end = start
        }
        return false
    }

    /// The message as printed, on one line.
    var text: String { Excerpt.cut(joined { Array($0.trimmed) }, to: Self.byteLimit) }

    /// The message as normalised for matching, on one line.
    var matchable: [UInt8] { joined { $0.matchable } }

    private func joined(_ form: (LineText) -> [UInt8]) -> [UInt8] {
        Array(lines.map(form).joined(separator: [32]).prefix(4 * Self.byteLimit))
    }
}
