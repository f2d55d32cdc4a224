import Core
import Testing

@Suite struct GlobTests {
    /// Every pattern and text of at most four of the letters `a`, `b` (and `*`, `?`) against a definition by recursion.
    @Test func agreesWithTheDefinitionOnAllSmallCases() {
        let patterns = words(of: ["a", "b", "*", "?"], upTo: 4)
        let texts = words(of: ["a", "b"], upTo: 4)
        for pattern in patterns {
            let glob = Glob(pattern)
            for text in texts {
                #expect(
                    glob.matches(text) == defined(Array(pattern)[...], Array(text)[...]), "'\(pattern)' on '\(text)'")
            }
        }
    }

    private func words(of letters: [String], upTo length: Int) -> [String] {
        var all = [""]
        var last = [""]
        for _ in 0..<length {
            last = last.flatMap { word in letters.map { word + $0 } }
            all += last
        }
        return all
    }

    private func defined(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        if first == "*" { return defined(rest, text) || (!text.isEmpty && defined(pattern, text.dropFirst())) }
        guard let letter = text.first, first == "?" || first == letter else { return false }
        return defined(rest, text.dropFirst())
    }
}
