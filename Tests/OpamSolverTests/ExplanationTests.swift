import OpamFormat
import Testing

@testable import OpamSolver

@Suite("Explanations")
struct ExplanationTests {
    private func lines(_ universe: SmallUniverse, _ request: Request) -> [String]? {
        var solver = Solver(universe.target())
        return solver.explain(request)?.facts.map(\.description)
    }

    @Test func theChainLeadsFromTheRequestToTheClash() throws {
        let universe = try SmallUniverse([
            "ocaml.4.14": "", "ocaml.5.3": "", "noise.1": "",
            "a.1": "depends: [\"noise\" \"b\" {>= \"2\"} \"ocaml\"]",
            "b.1": "", "b.2": "depends: \"ocaml\" {< \"5.0\"}", "b.3": "depends: \"ocaml\" {< \"5.0\"}",
        ])
        #expect(
            lines(universe, Request("ocaml.5.3", "a.1")) == [
                "the request asks for ocaml = 5.3", "the request asks for a = 1", "a 1 needs b >= 2",
                "b 2 and 3 need ocaml < 5.0",
            ])
        #expect(lines(universe, Request("ocaml.4.14", "a.1")) == nil)
    }

    /// `nnp` comes with every compiler; the reason is irrelevant for a request of `a`.
    @Test func consequencesOfThePrefixAreGiven() throws {
        let universe = try SmallUniverse([
            "ocaml.5": "depends: [ (\"base\" | \"variant\") \"config\" ]", "base.1": "depends: \"nnp\"",
            "variant.1": "depends: \"nnp\"", "nnp.1": "", "config.1": "",
            "a.1": "depends: \"b\"", "b.1": "conflicts: \"nnp\"", "c.1": "conflicts: \"config\"",
        ])
        #expect(
            lines(universe, Request("ocaml.5", "a")) == [
                "the request asks for a", "ocaml = 5 comes with nnp.1", "a 1 needs b", "b 1 conflicts with nnp",
            ])
        // A direct consequence is reported unchanged.
        #expect(
            lines(universe, Request("ocaml.5", "c")) == [
                "the request asks for ocaml = 5", "the request asks for c", "c 1 conflicts with config",
                "ocaml 5 needs config",
            ])
        // Alone, without anything before it.
        #expect(lines(universe, Request("nnp", "b"))?.contains { $0.contains("comes with") } == false)
    }

    @Test func missingObjectsAreNamed() throws {
        let universe = try SmallUniverse([
            "a.1": "depends: \"ghost\"", "b.1": "depends: \"a\" {> \"7\"}", "c.1": "depends: \"d\"",
            "d.1": "available: os = \"win32\"", "e.1": "depends: \"f\"", "f.1": "flags: avoid-version",
            "g.1": "depends: \"ghost\" | \"d\"",
        ])
        let reasons = [
            "a": "a 1 needs ghost, but there is no such package",
            "b": "b 1 needs a > 7, but there is no such version: the newest is 1",
            "c": "c 1 needs d, but 1 is not available on the target, only where os = \"win32\"",
            "e": "e 1 needs f, but every version has the flag avoid-version and is only taken when asked for exactly",
            "g": "g 1 needs ghost (no such package) or d (not available)",
        ]
        for (name, reason) in reasons {
            #expect(lines(universe, Request(name))?.last == reason)
        }
        #expect(
            lines(universe, Request("phantom")) == ["the request asks for phantom, but there is no such package"])
    }

    @Test func conflictsAndClassesAreNamed() throws {
        let universe = try SmallUniverse([
            "a.1": "conflicts: \"b\" {< \"2\"}", "b.1": "", "x.1": "conflict-class: \"k\"",
            "y.1": "conflict-class: \"k\"",
        ])
        #expect(
            lines(universe, Request("a", "b")) == [
                "the request asks for a", "the request asks for b", "a 1 conflicts with b < 2",
            ])
        #expect(
            lines(universe, Request("x", "y")) == [
                "the request asks for x", "the request asks for y",
                "x 1 is in the conflict class k, which allows one package",
                "y 1 is in the conflict class k, which allows one package",
            ])
    }
}
