import OpamFormat
import TestSupport
import Testing

@testable import OpamSolver

/// Deciding the first roots of a request once for many requests changes no answer.
@Suite("Solved prefixes")
struct SolvedPrefixTests {
    /// Random files in which versions may be to avoid, or not be available everywhere.
    private func randomFiles(_ generator: inout SeededGenerator) -> [(String, String)] {
        UniverseLawTests.randomFiles(&generator).map { text, fields in
            let more = [
                "flags: avoid-version", "available: os = \"linux\"", "available: os != \"win32\"", "", "", "", "", "",
            ]
            return (text, fields + (more.randomElement(using: &generator) ?? ""))
        }
    }

    /// The requests of one target and compiler: each name after a version of `a`, some with tests, some exactly.
    private func requests(_ compiler: Int, _ generator: inout SeededGenerator) -> [Request] {
        UniverseLawTests.names.flatMap { name in
            [name, "\(name).1", "\(name).2"].map { root in
                var request = Request("a.\(compiler)", root)
                if Bool.random(using: &generator) { request.requestedExactly.insert(PackageName(unchecked: "a")) }
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: request.withTest = [PackageName(unchecked: name)]
                case 1: request.requestedExactly.insert(PackageName(unchecked: name))
                case 2: request.preference = .oldest
                case 3: request.pins = [PackageName(unchecked: "b"): Version(unchecked: "2")]
                default: break
                }
                return request
            }
        }
    }

    private func words(_ resolution: Resolution, _ universe: Universe) -> String? {
        resolution.selection?.map { universe.text(of: $0) }.joined(separator: " ")
    }

    @Test func nothingDependsOnWhatWasSolvedBefore() throws {
        var unsolvable = 0
        for seed in 0..<60 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let files = randomFiles(&generator)
            let small = try SmallUniverse(files)
            let columns = ["linux", "win32", "macos"].flatMap { os in (1...3).map { (os, $0) } }
            for (os, compiler) in columns.shuffled(using: &generator) {
                let target = small.target(["os": os])
                let requests = requests(compiler, &generator)
                let together = target.solve(requests, threads: 2)
                for (request, resolution) in zip(requests, together) {
                    var alone = Solver(target)
                    let whole = alone.solveWhole(request, nil, spent: 0)
                    let label: Comment = "seed \(seed), \(os), \(request.roots)"
                    #expect(resolution.status == whole.status, label)
                    #expect(alone.solve(request).status == whole.status, label)
                    unsolvable += whole.selection == nil ? 1 : 0
                    guard Int.random(in: 0..<5, using: &generator) == 0 else { continue }
                    // Without the names that were not examined, the answer is the same.
                    let examined = Set(resolution.examined.map { small.universe.name($0) })
                    let kept = try SmallUniverse(files.filter { examined.contains(String($0.0.prefix(1))) })
                    #expect(
                        kept.selection(request, ["os": os]) == words(resolution, small.universe), "\(label), examined")
                }
            }
        }
        #expect(unsolvable > 500, "the generator should give unsolvable requests: \(unsolvable)")
    }

    /// Filters of versions, of names and of whole files differ, also when changed back.
    @Test func aTargetMadeFromAnotherIsTheSame() throws {
        for seed in 0..<200 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var files = randomFiles(&generator)
            files.append(
                (
                    "f.9",
                    "depends: [\"a\" {= compiler} \"b\" {>= version | os = \"linux\"}]\nconflicts: \"c\" {os = \"win32\"}"
                ))
            let small = try SmallUniverse(files)
            var last: TargetUniverse?
            for (os, compiler) in [("linux", "1"), ("win32", "2"), ("macos", "2"), ("linux", "1"), ("win32", "1")] {
                let fresh = small.target(["os": os, "compiler": compiler])
                let derived = small.target(["os": os, "compiler": compiler], like: last)
                last = derived
                let requests = requests(Int(compiler) ?? 1, &generator) + [Request("f")]
                for (one, other) in zip(fresh.solve(requests, threads: 1), derived.solve(requests, threads: 1)) {
                    #expect(one.status == other.status, "seed \(seed), \(os), \(compiler)")
                    #expect(one.examined == other.examined && one.steps == other.steps, "seed \(seed), \(os)")
                }
            }
        }
    }

    /// The goal may require other decisions than those of the prefix.
    @Test func aDecisionOfThePrefixIsNotFinal() throws {
        let universe = try SmallUniverse([
            "ocaml.5": "depends: [ (\"base\" | \"variant\") \"config\" ]", "base.1": "conflict-class: \"core\"",
            "variant.1": "conflict-class: \"core\"", "config.1": "", "config.2": "",
            "a.1": "depends: \"variant\"", "b.1": "depends: \"config\" {< \"2\"}", "c.1": "conflicts: \"base\"",
            "d.1": "depends: \"ocaml\" {< \"5\"}", "e.1": "depends: (\"a\" | \"b\")",
        ])
        #expect(universe.selection(Request("ocaml.5", "a")) == "a.1 config.2 ocaml.5 variant.1")
        #expect(universe.selection(Request("ocaml.5", "b")) == "b.1 base.1 config.1 ocaml.5")
        #expect(universe.selection(Request("ocaml.5", "c")) == "c.1 config.2 ocaml.5 variant.1")
        #expect(universe.selection(Request("ocaml.5", "d")) == nil)
        #expect(universe.selection(Request("ocaml.5", "e")) == "b.1 base.1 config.1 e.1 ocaml.5")
        #expect(universe.selection(Request("ocaml.5", "config.1")) == "base.1 config.1 ocaml.5")
    }
}
