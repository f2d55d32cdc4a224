import Core
import Model
import TestSupport
import Testing

@Suite struct SelectorTests {
    /// A cell of which everything is known.
    private struct Subject: Selectable {
        var cell = Cell("openbsd-7.7/5.3.0/lwt.5.7.0")!
        var state: String? = "failure"
        var signature: String? = "Error: Unbound module X"
        var tasks = ["abcd"]
        var maintainers = ["Some One <some.one@example.org>", "team"]
        var tags = ["org:mirage", "network"]
        var change: ResultChange? = .broken
        var kind: String? = "missing-header"
        var since: (time: Int, run: Int?)? = (1_764_374_400, 12)
        var log = ["first line", "fatal error: foo.h: No such file"]

        func hasLogLine(_ glob: Glob) -> Bool { log.contains { glob.matches($0) } }
    }

    @Test(arguments: [
        ("openbsd-7.7/5.3.0/lwt.5.7.0", true), ("openbsd-*/5.*/lwt.*", true), ("lwt", true), ("lwt.5.7.0", true),
        ("*/*/lwt", true), ("freebsd-*/*/*", false), ("lwt.5.7", false), ("openbsd-7.7/5.3.0", true),
        ("outcome:failure", true), ("outcome:success", false), ("outcome:f*", true), ("signature:UNBOUND", true),
        ("signature:unbound*x", true), ("task:ab", true), ("task:cd", false), ("maintainer:some.one@example.org", true),
        ("maintainer:SOME ONE", true), ("maintainer:team", true), ("maintainer:*@example.org", true),
        ("maintainer:one@example.org", false), ("tag:org:mirage", true), ("tag:org:*", true), ("tag:org", false),
        ("change:broken", true), ("change:still-*", false), ("kind:missing-*", true), ("since:12", true),
        ("since:13", false), ("since:2025-11-29", true), ("since:2025-11-30", false),
        ("since:2025-11-29T00:00:01Z", false), ("grep:No such file", true), ("grep:fatal*foo.h", true),
        ("grep:first*fatal", false), ("!lwt", false), ("!outcome:success", true), ("!grep:foo.h", false),
    ])
    func selectorsMatchAsDocumented(text: String, picked: Bool) throws {
        let selector = try #require(Selector(text))
        #expect(selector.picks(Subject()) == picked)
        #expect(Selector(selector.description) == selector, "\(selector)")
    }

    @Test(arguments: [
        ("", "TARGET/COMPILER/PACKAGE"), ("a/b/c/d", "grep:"), ("outcome:sucess", "outcome:success"),
        ("outcome:x*", "outcomes are success"), ("colour:red", "tag:"), ("outcome:", "outcome:"), ("//x", "TARGET"),
        ("change:borken", "change:broken"), ("kind:mising-header", "kind:missing-header"),
        ("since:yesterday", "since:2026-11-29"), ("since:0", "since:12"),
        ("maintaner:x", "maintainer:"), ("!", "TARGET"), ("!!lwt", ""),
    ])
    func invalidSelectorsAreRefused(text: String, hint: String) {
        let failure = #expect(throws: Failure.self) { try Selector(parsing: text) }
        #expect(failure?.category == .input)
        #expect(failure?.diagnostics.first?.hint?.contains(hint) == true, "\(failure as Any)")
        #expect(Selector(text) == nil)
    }

    /// Random subjects and words, for property tests.
    private static let words = [
        "lwt", "fmt", "openbsd-*/*/*", "*/5.3.0/*", "outcome:failure", "outcome:success", "change:broken",
        "tag:network",
        "maintainer:team", "since:12", "signature:x",
    ]

    private func subject(_ random: inout SeededGenerator) -> Subject {
        var subject = Subject()
        let target = ["openbsd-7.7", "debian-12"].randomElement(using: &random)!
        let package = ["lwt", "fmt", "dune"].randomElement(using: &random)!
        subject.cell = Cell("\(target)/5.3.0/\(package).1")!
        subject.state = ["failure", "success", nil].randomElement(using: &random)!
        subject.signature = ["x", nil].randomElement(using: &random)!
        subject.change = [.broken, .fixed, nil].randomElement(using: &random)!
        subject.tags = Bool.random(using: &random) ? [] : ["network"]
        subject.maintainers = Bool.random(using: &random) ? [] : ["team"]
        subject.since = (0, Int.random(in: 10...14, using: &random))
        return subject
    }

    @Test func selectorsTogetherObeyTheirAlgebra() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let subject = subject(&random)
            let selectors = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                Selector(Self.words.randomElement(using: &random)!)!
            }
            let selector = Selector(Self.words.randomElement(using: &random)!)!
            let picked = Selection(selectors).picks(subject)
            #expect(Selection().picks(subject))
            #expect(Selection(selectors.shuffled(using: &random)).picks(subject) == picked, "order does not count")
            #expect(Selection(selectors + selectors).picks(subject) == picked, "nor does saying it twice")
            #expect(Selection([selector]).picks(subject) == selector.picks(subject))
            #expect(Selection([.not(selector)]).picks(subject) != selector.picks(subject))
            #expect(
                Selection(selectors + [.not(selector)]).picks(subject) == (picked && !selector.picks(subject)),
                "a ! leaves out")
            let isNewKey = !selectors.contains { $0.key == selector.key }
            let together = Selection(selectors + [selector]).picks(subject)
            if isNewKey {
                #expect(together == (picked && selector.picks(subject)), "another key restricts")
            } else if picked {
                #expect(together, "an alternative adds")
            }
        }
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
