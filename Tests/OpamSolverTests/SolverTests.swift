import OpamFormat
import Testing

@testable import OpamSolver

/// The rules of the reference, one small universe each.
@Suite("The solver")
struct SolverTests {
    @Test func theNewestVersionComesFirst() throws {
        let universe = try SmallUniverse(["a.1": "depends: \"b\"", "b.1": "", "b.1.10": "", "b.1.9": "", "b.2~rc1": ""])
        #expect(universe.selection(Request("a")) == "a.1 b.2~rc1")
        var oldest = Request("a")
        oldest.preference = .oldest
        #expect(universe.selection(oldest) == "a.1 b.1")
    }

    /// Earlier decisions take precedence: `a` gets its best version although `b` then cannot.
    @Test func dependenciesAreDecidedInOrder() throws {
        let universe = try SmallUniverse([
            "root.1": "depends: [\"a\" \"b\"]", "a.1": "", "a.2": "", "b.1": "", "b.2": "depends: \"a\" {= \"1\"}",
        ])
        #expect(universe.selection(Request("root")) == "a.2 b.1 root.1")
        #expect(universe.selection(Request("b", "a")) == "a.1 b.2")
        #expect(universe.selection(Request("a", "b")) == "a.2 b.1")
    }

    @Test func ofAChoiceTheFirstAlternativeThatCanBeIsTaken() throws {
        let universe = try SmallUniverse([
            "root.1": "depends: [ (\"a\" | \"b\" & \"c\" | \"d\") ]", "a.1": "available: os = \"win32\"", "b.1": "",
            "c.1": "", "d.1": "",
        ])
        #expect(universe.selection(Request("root")) == "b.1 c.1 root.1")
        #expect(universe.selection(Request("root"), ["os": "win32"]) == "a.1 root.1")
    }

    /// `"a" {os = "win32"} | "b"` is `b` elsewhere, not true.
    @Test func filteredDependenciesAreDropped() throws {
        let universe = try SmallUniverse([
            "root.1": "depends: [ \"a\" {os = \"win32\"} | \"b\" ]", "none.1": "depends: \"a\" {os = \"win32\"}",
            "unknown.1": "depends: [ \"a\" {x:installed} \"a\" {!x:installed} ]", "a.1": "", "b.1": "",
        ])
        #expect(universe.selection(Request("root")) == "b.1 root.1")
        #expect(universe.selection(Request("none")) == "none.1")
        #expect(universe.selection(Request("unknown")) == "unknown.1")
    }

    @Test func theVersionOfThePackageIsKnown() throws {
        let universe = try SmallUniverse([
            "a.1": "depends: \"b\" {= version}", "a.2": "depends: \"b\" {= version & os = \"linux\"}",
            "a.3": "depends: \"b\" {version = \"4\"}", "b.1": "", "b.2": "", "b.3": "",
        ])
        #expect(universe.selection(Request("a.1")) == "a.1 b.1")
        #expect(universe.selection(Request("a.2")) == "a.2 b.2")
        #expect(universe.selection(Request("a.3")) == "a.3")
    }

    @Test func availableIsTrueOnlyWhenItIsKnown() throws {
        let universe = try SmallUniverse([
            "a.1": "", "a.2": "available: unknown = \"x\"", "a.3": "available: !(unknown = \"x\")",
            "a.4": "available: version != \"4\"",
        ])
        #expect(universe.selection(Request("a")) == "a.1")
        #expect(universe.selection(Request("a"), ["unknown": "x"]) == "a.2")
        #expect(universe.selection(Request("a"), ["unknown": "y"]) == "a.3")
    }

    /// Avoided versions come last; a name without other versions has no candidates, even as a root.
    @Test func avoidedVersions() throws {
        let universe = try SmallUniverse([
            "a.1": "", "a.2": "flags: avoid-version", "b.1": "depends: \"a\" {> \"1\"}",
            "c.1": "flags: avoid-version", "c.2": "flags: avoid-version", "d.1": "depends: \"c\"",
        ])
        #expect(universe.selection(Request("a")) == "a.1")
        #expect(universe.selection(Request("b")) == "a.2 b.1")
        #expect(universe.selection(Request("c.1")) == nil)
        #expect(universe.selection(Request("d")) == nil)
        var exact = Request("c.1", "d")
        exact.requestedExactly = [PackageName(unchecked: "c")]
        #expect(universe.selection(exact) == "c.1 d.1")
        var pinned = Request("d")
        pinned.pins = [PackageName(unchecked: "c"): Version(unchecked: "1")]
        #expect(universe.selection(pinned) == "c.1 d.1")
        #expect(universe.selection(Request("d")) == nil, "what was asked before leaves no trace")
    }

    @Test func conflictsAndClasses() throws {
        let universe = try SmallUniverse([
            "a.1": "conflicts: [\"b\" {< \"2\"} & \"c\"]", "b.1": "", "b.2": "", "c.1": "",
            "self.1": "conflicts: [\"self\" \"c\"]", "user.1": "depends: \"self\"", "x.1": "conflict-class: \"k\"",
            "y.1": "conflict-class: [\"k\" \"l\"]",
            "x.2": "conflict-class: \"k\"",
        ])
        #expect(universe.selection(Request("a", "b")) == "a.1 b.2")
        #expect(universe.selection(Request("b.1", "a")) == nil)
        #expect(universe.selection(Request("a", "c")) == nil)
        #expect(universe.selection(Request("a")) == "a.1", "a conflict does not pull its package in")
        #expect(universe.selection(Request("self")) == "self.1", "opam ignores a conflict with the package itself")
        #expect(universe.selection(Request("user")) == "self.1 user.1")
        #expect(universe.selection(Request("x")) == "x.2")
        #expect(universe.selection(Request("x", "y")) == nil)
    }

    @Test func testsAndDocumentationCountForThoseWhoAsk() throws {
        let universe = try SmallUniverse([
            "a.1": "depends: [\"b\" \"t\" {with-test} \"d\" {with-doc}]", "b.1": "depends: \"t\" {with-test}",
            "t.1": "", "d.1": "", "c.1": "depends: [\"a\" \"x\" {with-test & os = \"win32\" | with-doc}]", "x.1": "",
        ])
        var request = Request("c")
        #expect(universe.selection(request) == "a.1 b.1 c.1")
        request.withTest = [PackageName(unchecked: "a")]
        #expect(universe.selection(request) == "a.1 b.1 c.1 t.1")
        request.withDoc = [PackageName(unchecked: "a"), PackageName(unchecked: "c")]
        #expect(universe.selection(request) == "a.1 b.1 c.1 d.1 t.1 x.1")
    }

    @Test func pinsAndConstraints() throws {
        let universe = try SmallUniverse([
            "a.1": "depends: \"b\"", "b.1": "", "b.2": "", "b.dev": "depends: \"c\" {dev}", "c.1": "",
        ])
        var request = Request("a")
        #expect(universe.selection(request) == "a.1 b.dev")
        request.constraints = [
            PackageConstraint(
                PackageName(unchecked: "b"), .atom(VersionConstraint(.less, Version(unchecked: "2"))))
        ]
        #expect(universe.selection(request) == "a.1 b.1")
        request.constraints = []
        request.pins = [PackageName(unchecked: "b"): Version(unchecked: "dev")]
        #expect(universe.selection(request) == "a.1 b.dev c.1")
        request.pins = [PackageName(unchecked: "b"): Version(unchecked: "3")]
        #expect(universe.selection(request) == nil)
    }

    /// More pigeons than holes: no clause learner of this kind finds that out in reasonable time.
    @Test func longSearchesReachTheirLimit() throws {
        let (pigeons, holes) = (12, 11)
        var files = [("root.1", "depends: [\((0..<pigeons).map { "\"p\($0)\"" }.joined(separator: " "))]")]
        for pigeon in 0..<pigeons {
            for hole in 0..<holes { files.append(("p\(pigeon).\(hole)", "conflict-class: \"h\(hole)\"")) }
        }
        var solver = Solver(try SmallUniverse(files).target())
        var request = Request("root")
        request.budget = 300_000
        let resolution = solver.solve(request)
        #expect(resolution.status == .limit)
        #expect(resolution.steps > request.budget)
        #expect(solver.explain(request) == nil)
        request.roots = [PackageConstraint(PackageName(unchecked: "p0"))]
        #expect(solver.solve(request).selection != nil, "a spent budget leaves no trace")
    }

    @Test func unknownPackagesHaveNoSolution() throws {
        let universe = try SmallUniverse(["a.1": "depends: \"ghost\""])
        #expect(universe.selection(Request("phantom")) == nil)
        #expect(universe.selection(Request("a")) == nil)
    }

    @Test func theCompilerIsItsOwnPackage() throws {
        let universe = try SmallUniverse(["ocaml.4": "", "ocaml.5": "", "a.1": "depends: \"ocaml\""])
        let four = PackageConstraint(PackageName(unchecked: "ocaml"), .exactly(Version(unchecked: "4")))
        let a = try #require(Package("a.1"))
        let five = try #require(Package("ocaml.5"))
        #expect(universe.selection(Request(a, compiler: four)) == "a.1 ocaml.4")
        #expect(universe.selection(Request(five, compiler: four)) == "ocaml.5")
    }
}
