import OpamFormat
import TestSupport
import Testing

@testable import OpamSolver

/// Deciding the beginning of a request once, and taking answers over from other targets, changes no answer.
@Suite("Answers that are shared")
struct SharedAnswersTests {
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

    @Test func nothingDependsOnWhatWasSolvedBeforeOrElsewhere() throws {
        var (takenOver, otherwise) = (0, 0)
        for seed in 0..<60 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let files = randomFiles(&generator)
            let small = try SmallUniverse(files)
            let columns = ["linux", "win32", "macos"].flatMap { os in (1...3).map { (os, $0) } }
            var shared = SharedAnswers()
            for (os, compiler) in columns.shuffled(using: &generator) {
                let target = small.target(["os": os])
                let requests = requests(compiler, &generator)
                let together = target.solve(requests, threads: 2, sharing: &shared)
                for (request, resolution) in zip(requests, together) {
                    var alone = Solver(target)
                    let whole = alone.solveWhole(request, nil, spent: 0)
                    let label: Comment = "seed \(seed), \(os), \(request.roots)"
                    #expect(resolution.verdict == whole.verdict, label)
                    #expect(alone.solve(request).verdict == whole.verdict, label)
                    otherwise += whole.selection == nil ? 1 : 0
                    let isTakenOver = resolution.effort == 0 && request.roots[0].name != request.roots[1].name
                    takenOver += isTakenOver ? 1 : 0
                    guard isTakenOver || Int.random(in: 0..<5, using: &generator) == 0 else { continue }
                    // Without what was not examined the answer is the same.
                    let examined = Set(resolution.examined.map { small.universe.name($0) })
                    let kept = try SmallUniverse(files.filter { examined.contains(String($0.0.prefix(1))) })
                    #expect(
                        kept.selection(request, ["os": os]) == words(resolution, small.universe), "\(label), examined")
                }
            }
        }
        #expect(takenOver > 500, "answers should be taken over: \(takenOver)")
        #expect(otherwise > 500, "the generator should give unsolvable requests: \(otherwise)")
    }

    /// Filters of versions, of names and of whole files differ, also back again.
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
                    #expect(one.verdict == other.verdict, "seed \(seed), \(os), \(compiler)")
                    #expect(one.examined == other.examined && one.effort == other.effort, "seed \(seed), \(os)")
                }
            }
        }
    }

    /// What the beginning decides can have to be decided otherwise for the sake of the last root.
    @Test func aDecisionOfTheBeginningIsNotFinal() throws {
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

    /// Old versions that nobody looks at may differ between targets; better ones may not.
    @Test func anAnswerIsTakenOverAsFarAsItReaches() throws {
        let universe = try SmallUniverse([
            "ocaml.4": "", "ocaml.5": "", "a.1": "depends: \"b\"", "b.0": "", "b.1": "depends: \"ocaml\" {< \"5\"}",
            "b.2": "",
            "c.1": "depends: \"d\"", "d.1": "", "d.2": "depends: \"ocaml\" {>= \"5\"}",
        ])
        var shared = SharedAnswers()
        func solve(_ compiler: String) -> [Resolution] {
            universe.target().solve(
                [Request("ocaml.\(compiler)", "a"), Request("ocaml.\(compiler)", "c")], threads: 1, sharing: &shared)
        }
        #expect(solve("5").map { words($0, universe.universe) } == ["a.1 b.2 ocaml.5", "c.1 d.2 ocaml.5"])
        let second = solve("4")
        #expect(second.map { words($0, universe.universe) } == ["a.1 b.2 ocaml.4", "c.1 d.1 ocaml.4"])
        #expect(second.map { $0.effort == 0 } == [true, false])
        #expect(solve("4").allSatisfy { $0.effort == 0 })
    }
}
