import Core
import Testing

@Suite struct DigestTests {
    @Test func knownDigestsOfTheEmptyText() {
        #expect(Digest(of: "").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(MessageDigest(.md5).finish() == "d41d8cd98f00b204e9800998ecf8427e")
    }

    @Test func piecesGiveTheSameDigestAsTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for cut in [0, 1, 63, 64, 65, 999, 1000] {
            var hasher = MessageDigest(.sha256)
            hasher.update(bytes[..<cut])
            hasher.update(bytes[cut...])
            #expect(hasher.finish() == Digest(of: bytes).hex, "cut at \(cut)")
        }
    }

    @Test func digestsAreOrderedAsTheirDigits() {
        let digests = (0..<200).map { Digest(of: "\($0)") }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
        #expect(digests.map { Digest(hex: $0.hex) } == digests)
        #expect(digests.allSatisfy { $0.hex.hasPrefix($0.shard) && $0.shard.utf8.count == 2 })
    }

    @Test func theFormOfOCI() {
        let digest = Digest(of: "")
        #expect(digest.oci == "sha256:\(digest)" && Digest(oci: digest.oci) == digest)
        for text in ["\(digest)", "sha512:\(digest)", "sha256\(digest)", "sha256:", "sha256:sha256:\(digest)"] {
            #expect(Digest(oci: text) == nil, "\(text)")
        }
    }

    @Test(arguments: ["", "abc", String(repeating: "g", count: 64), String(repeating: "A", count: 64)])
    func invalidDigestsAreRejected(text: String) {
        #expect(Digest(hex: text) == nil)
    }

    @Test func eachByteAtEachPositionIsADigitOrInvalid() {
        let digits = Set("0123456789abcdef".utf8)
        for position in 0..<64 {
            let wrong = (UInt8.min ... .max).filter { byte in
                var text = Array(Digest(of: "\(position)").hex.utf8)
                text[position] = byte
                let parsed = Digest(hex: text).map { Array($0.hex.utf8) }
                return parsed != (digits.contains(byte) ? text : nil)
            }
            #expect(wrong == [], "at \(position)")
        }
    }
}

@Suite struct DiagnosticTests {
    @Test func pointsAtTheColumn() {
        let diagnostic = Diagnostic(
            .error, "unknown key 'targts'", at: SourceLocation(file: "m.yaml", line: 3, column: 3),
            excerpt: "  targts: []", hint: "did you mean 'targets'?")
        #expect(
            diagnostic.description == """
                m.yaml:3:3: error: unknown key 'targts'
                 3 |   targts: []
                   |   ^
                  hint: did you mean 'targets'?
                """)
    }

    @Test func nearestNamesAreFoundAndFarOnesAreNot() {
        #expect(nearest(to: "targts", in: ["packages", "targets"]) == "targets")
        #expect(nearest(to: "xyz", in: ["packages", "targets"]) == nil)
    }
}
