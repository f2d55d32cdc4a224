/// A line of a log, normalised for matching.
struct LineText {
    /// The part after the last carriage return, without prefixes and trailing blanks, but with its indentation.
    let indented: ArraySlice<UInt8>

    /// - Parameter line: the line without terminal codes and its line end.
    init(_ line: ArraySlice<UInt8>) {
        var rest = line
        while let last = rest.last, Self.isBlank(last) { rest.removeLast() }
        if let back = rest.lastIndex(of: Lines.carriageReturn) { rest = rest[(back + 1)...] }
        // Tools may nest the output of other tools.
        for _ in 0..<4 {
            let trimmed = rest.drop(while: Self.isBlank)
            guard let length = Self.prefix(of: trimmed) else { break }
            rest = trimmed.dropFirst(length)
        }
        indented = rest
    }

    /// The text without surrounding blanks.
    var trimmed: ArraySlice<UInt8> { indented.drop(while: Self.isBlank) }

    var isBlank: Bool { trimmed.isEmpty }

    var isIndented: Bool { indented.starts(with: [32, 32]) || indented.first == 9 }

    /// The text with all quotes replaced by one kind.
    var matchable: [UInt8] { Self.withoutCurlyQuotes(trimmed) }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte <= 13 && byte >= 9 || byte == 0 }

    /// The length of the prefix that another tool has added to the line; nil if there is none: `# ` and `- ` of opam,
    /// `> ` of Nix, `#13 73.79 ` of Docker, `[  73s] ` of OBS, a time.
    private static func prefix(of line: ArraySlice<UInt8>) -> Int? {
        guard let first = line.first else { return nil }
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: "-"), UInt8(ascii: ">"):
            if line.count == 1 || line.dropFirst().first == 32 { return min(2, line.count) }
            return first == UInt8(ascii: "#") ? length(of: line, as: "#9 9.9 ") : nil
        case UInt8(ascii: "["):
            return length(of: line, as: "[ 9s] ") ?? length(of: line, as: "[ 9.9] ") ?? length(of: line, as: "[9:9:9] ")
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            let forms: [StaticString] = [
                "9-9-9 9:9:9.9: ", "9-9-9 9:9:9.9 ", "9-9-9 9:9:9,9 ", "9-9-9 9:9:9 ", "9-9-9 9:9.9: ", "9-9-9 9:9: ",
                "9-9-9T9:9:9.9Z ", "9-9-9T9:9:9Z ",
            ]
            for form in forms {
                if let length = length(of: line, as: form) { return length }
            }
            return nil
        default: return nil
        }
    }

    /// The length of the prefix that matches a form, in which `9` represents digits, and a blank represents blanks, at
    /// the end of the form only one.
    private static func length(of line: ArraySlice<UInt8>, as form: StaticString) -> Int? {
        form.withUTF8Buffer { form in
            var rest = line
            for (number, byte) in form.enumerated() {
                let before = rest.count
                switch byte {
                case UInt8(ascii: "9"):
                    rest = rest.drop { ByteSet.digits.contains($0) }
                    guard rest.count < before, before - rest.count <= 20 else { return nil }
                case 32 where number == form.count - 1:
                    guard rest.first == 32 || rest.isEmpty else { return nil }
                    rest = rest.dropFirst()
                case 32: rest = rest.drop { $0 == 32 }
                default:
                    guard rest.first == byte else { return nil }
                    rest = rest.dropFirst()
                }
            }
            return line.count - rest.count
        }
    }

    private static func withoutCurlyQuotes(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard text.contains(0xE2) else { return Array(text) }
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.first {
            if byte == 0xE2, rest.count >= 3, rest[rest.startIndex + 1] == 0x80 {
                switch rest[rest.startIndex + 2] {
                case 0x98, 0x99: result.append(UInt8(ascii: "'"))
                case 0x9C, 0x9D: result.append(UInt8(ascii: "\""))
                default: result += rest.prefix(3)
                }
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
