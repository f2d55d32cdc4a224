import Core
import TestSupport
import Testing

@Suite struct PathTests {
    /// For random paths, what the members say is what the bytes say, as the operating system reads them.
    @Test func pathsAreReadByBytes() {
        var random = SeededGenerator()
        let letters = [
            "/", "/", ".", ".", "..", "a", "\u{301}", "\u{200D}", "\u{600}", "\r\n", "\n", "\0", "é", "e\u{301}", "👩‍🚀",
        ]
        for _ in 0..<20_000 {
            let path = (0..<Int.random(in: 0...10, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? ""
            }.joined()
            let names = split(Array(path.utf8))
            #expect(path.pathNames.map { Array($0.utf8) } == names, "\(path.debugDescription)")
            #expect(Array(path.lastPathName.utf8) == names.last ?? [], "\(path.debugDescription)")
            #expect(path.isAbsolutePath == path.utf8.starts(with: [0x2F]), "\(path.debugDescription)")
            // What the system opens ends at a zero byte.
            let opened = split(Array(path.utf8.prefix { $0 != 0 }))
            if path.isPathInside { #expect(path.utf8.first != 0x2F && !opened.contains([0x2E, 0x2E])) }
            #expect(
                path.isPathInside
                    == (path.utf8.first != 0x2F && !names.contains([0x2E, 0x2E]) && !path.utf8.contains(0)),
                "\(path.debugDescription)")
            #expect(path.pathPrefix.utf8.allSatisfy { $0 != 0x2F } == path.pathPrefix.isEmpty)
            #expect(path.utf8.starts(with: path.pathPrefix.utf8))
            #expect(!path.utf8.dropFirst(path.pathPrefix.utf8.count).contains(0x2F), "\(path.debugDescription)")
        }
    }

    @Test func aSlashBeforeACombiningCharacterEndsAName() {
        let path = "../\u{301}a"
        #expect(!path.split(separator: "/").contains(".."))
        #expect(path.pathNames == ["..", "\u{301}a"] && !path.isPathInside && !"..\0x".isPathInside)
        #expect("/\u{301}a".isAbsolutePath && "a/../\u{301}".pathPrefix == "a/../" && "a".pathPrefix == "")
        #expect("".isPathInside && "a/..b/...".isPathInside)
    }

    /// For random texts: the lines with their ends are the text.
    @Test func linesEndAtEachLineFeed() {
        var random = SeededGenerator()
        let letters = ["\n", "\r\n", "\r", "a", "\u{301}", "\u{200D}", "\u{600}", "\0", "\u{2028}", "\u{B}"]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? ""
            }.joined()
            let lines = text.textLines
            #expect(lines.count == text.utf8.count { $0 == 0x0A } + (text.isEmpty || text.utf8.last == 0x0A ? 0 : 1))
            #expect(lines.allSatisfy { !$0.utf8.contains(0x0A) }, "\(text.debugDescription)")
            let ended = text.utf8.isEmpty || text.utf8.last == 0x0A ? Array(text.utf8) : Array(text.utf8) + [0x0A]
            var whole: [UInt8] = []
            for line in lines { whole += Array(line.utf8) + [0x0A] }
            #expect(whole == withoutReturns(ended), "\(text.debugDescription)")
        }
    }

    private func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var names: [[UInt8]] = [[]]
        for byte in bytes {
            if byte == 0x2F { names.append([]) } else { names[names.count - 1].append(byte) }
        }
        return names.filter { !$0.isEmpty }
    }

    /// Without the one carriage return before each line feed.
    private func withoutReturns(_ bytes: [UInt8]) -> [UInt8] {
        bytes.indices.filter { bytes[$0] != 0x0D || $0 + 1 == bytes.count || bytes[$0 + 1] != 0x0A }.map { bytes[$0] }
    }
}
