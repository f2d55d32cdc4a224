import Model
import Testing

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
