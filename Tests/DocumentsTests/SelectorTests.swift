import Documents
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

@Suite struct SelectorTests {
    private let cell = Cell("openbsd-7.7/5.3.0/lwt.5.7.0")!

    @Test(arguments: [
        ("openbsd-7.7/5.3.0/lwt.5.7.0", true), ("openbsd-*/5.*/lwt.*", true), ("lwt", true), ("lwt.5.7.0", true),
        ("*/*/lwt", true), ("freebsd-*/*/*", false), ("lwt.5.7", false), ("openbsd-7.7/5.3.0", true),
        ("outcome:failure", true), ("outcome:success", false), ("signature:UNBOUND", true), ("task:ab", true),
        ("task:cd", false),
    ])
    func picksWhatItSays(text: String, picked: Bool) throws {
        let selector = try #require(Selector(text))
        var result = CellResult(cell: cell, job: nil, outcome: .failure, repositories: [])
        result.signature = "Error: Unbound module X"
        #expect(selector.picks(cell, result: result, tasks: ["abcd"]) == picked)
    }

    @Test(arguments: ["", "a/b/c/d", "outcome:sucess", "colour:red", "outcome:", "//x"])
    func refusesWhatIsNone(text: String) {
        #expect(Selector(text) == nil)
    }
}

@Suite struct CellTests {
    @Test(arguments: ["debian-12/5.3.0/lwt.5.7.0", "a/b/c.1.2+3~x"])
    func namesAreReadAsWritten(name: String) {
        #expect(Cell(name)?.description == name)
    }

    @Test(arguments: ["", "a/b", "a/b/c", "a/b/.1", "a/b/c.", "/b/c.1", "a//c.1", "a/b/c.1/d"])
    func brokenNamesAreRefused(name: String) {
        #expect(Cell(name) == nil)
    }
}
