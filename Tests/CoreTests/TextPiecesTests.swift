import Core
import TestSupport
import Testing

@Suite struct TextPiecesTests {
    /// The pieces made displayable one by one are the whole made displayable, however the bytes arrive.
    @Test func piecesAreTheWhole() {
        var random = SeededGenerator(printingSeedOf: "piecesAreTheWhole")
        let alphabet: [[UInt8]] = [
            [0x1B], Array("[".utf8), Array("31".utf8), Array("m".utf8), Array(";".utf8), [0x0A], [0x0D],
            Array("é".utf8),
            Array("\u{202E}".utf8), Array("🐫".utf8), [0xE2], [0x80], [0xFF], [0x9B], Array("\u{1B}[0;31m".utf8),
            Array("plain text ".utf8),
        ]
        for round in 0..<2_000 {
            let words = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                alphabet.randomElement(using: &random)!
            }
            let bytes = words.flatMap { $0 }
            var pieces = TextPieces()
            var shown = ""
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(rest.count, 12), using: &random)
                shown += pieces.append(rest.prefix(count)).displayable
                if Bool.random(using: &random) { shown += pieces.takeWholeCharacters().displayable }
                rest = rest.dropFirst(count)
            }
            shown += pieces.finish().displayable
            #expect(shown == String(decoding: bytes, as: UTF8.self).displayable, "round \(round): \(bytes)")
        }
    }

    @Test func aLineIsCompleteWithItsEnd() {
        var pieces = TextPieces()
        #expect(pieces.append(Array("one\ntw".utf8)) == "one\n")
        #expect(pieces.append(Array("o".utf8)) == "")
        #expect(pieces.takeWholeCharacters() == "two")
        #expect(pieces.append([0xC3]) + pieces.takeWholeCharacters() == "", "half a character")
        #expect(pieces.append([0xA9]) + pieces.takeWholeCharacters() == "é")
        #expect(pieces.finish() == "")
    }

    @Test func aLongLineIsNotKept() {
        var pieces = TextPieces()
        let text = pieces.append(Array(repeating: UInt8(ascii: "x"), count: 100_000))
        #expect(text.count == 100_000)
    }
}
