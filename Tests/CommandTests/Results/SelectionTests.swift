import Foundation
import TestSupport
import Testing

/// Names and selectors: those that match nothing give exit code 2 in every command, and printed names are accepted as
/// input.
@Suite struct SelectionTests {
    /// Selectors that are tested with every command; the others use the same code.
    private let inAll = ["nothing", "outcome:sucess", "outcome:cancelled", ""]

    @Test(arguments: [
        ("nothing", "the plan has no package 'nothing'", "ci results"),
        ("god", "no package 'god'", "did you mean 'good'?"),
        ("good.2", "no package 'good.2'", "did you mean 'good.1'?"),
        ("debain-12/*/good", "no target 'debain-12'", "did you mean 'debian-12'?"),
        ("debian-12/4.13.2/good", "no compiler '4.13.2'", "did you mean '4.13.1'?"),
        ("outcome:sucess", "no outcome 'sucess'", "did you mean 'outcome:success'?"),
        ("outcome:red", "no outcome 'red'", "outcomes are success, failure, blocked"),
        ("outcome:cancelled", "no cell matches", "the states of the cells are blocked, failure"),
        ("signature:nowhere", "no cell matches", "ci explain"), ("task:ffff", "no cell matches", "ci results"),
        ("colour:red", "is not a selector", "outcome:WORD"),
        ("a/b/c/d", "is not a selector", "TARGET/COMPILER/PACKAGE"),
        ("", "is not a selector", "TARGET/COMPILER/PACKAGE"),
    ])
    func selectorsWithoutAMatchAreErrorsEverywhere(selector: String, message: String, hint: String) async throws {
        let fixture = try await RecordedStore.shared()
        for command in [
            ["results"], ["log"], ["explain"], ["reproduce"], ["retry"], ["cancel"], ["report", "--output", "site"],
            ["run", "--only"], ["results", "good"],
        ] where inAll.contains(selector) || ["log", "retry"].contains(command[0]) {
            let ending = try fixture.run(command + [selector])
            #expect(ending.status == 2, "\(command) \(selector): \(ending)")
            #expect(ending.messages.contains(message) && ending.messages.contains(hint), "\(command): \(ending)")
            #expect(ending.output.isEmpty, "\(command): \(ending.output)")
        }
    }

    /// What a name leaves out may be everything.
    @Test(arguments: [["results"], ["show"], ["gate"], ["gate", "--allow-empty"], ["log"], ["explain"]])
    func aNegatedSelectorThatLeavesNothingIsAnError(command: [String]) async throws {
        let ending = try await RecordedStore.shared().run(command + ["!*"])
        #expect(ending.status == 2 && ending.messages.contains("no cell matches '!*'"), "\(ending)")
        #expect(ending.output.isEmpty, "\(ending)")
    }

    @Test(arguments: [
        ("debian-12/9.9", "no compiler '9.9'"), ("debain-12", "did you mean 'debian-12'?"),
        ("0123456", "a commit of results"), ("results/small/debian-12~99", "a commit of results"),
        ("1", "there is no run '1'"), ("last", "no run is recorded yet"), ("plan:0123", "there is no plan '0123'"),
        ("1999-01-01", "no result was recorded by '1999-01-01'"), ("2026-02-30", "dates are written 2026-11-28"),
    ])
    func aSideOfADifferenceThatDoesNotExist(side: String, message: String) async throws {
        let fixture = try await RecordedStore.shared()
        for sides in [[side, "debian-12"], ["debian-12", side]] {
            let ending = try fixture.run(["diff"] + sides)
            #expect(ending.status == 2 && ending.messages.contains(message), "\(sides): \(ending)")
        }
    }

    /// Every word that looks like the name of a cell is accepted by the commands for one cell.
    @Test func printedNamesCanBePastedBack() async throws {
        let fixture = try await RecordedStore.shared()
        var printed: Set<String> = []
        for command in [
            ["results"], ["results", "--all"], ["explain", "bad"], ["explain", "top"], ["retry", "--dry-run", "bad"],
            ["retry", "--dry-run", "tested"], ["cancel", "--dry-run", "waiting"], ["results", "--format", "csv"],
            ["plan", "matrix.yaml", "--format", "csv", "--dry-run"],
            ["diff", "debian-12", "results/small/debian-12~3"],
        ] {
            let words = try fixture.run(command).output.split { " \n,;\"".contains($0) }.map(String.init)
            printed.formUnion(
                words.filter { $0.contains("4.13.1/") }.map { $0.hasSuffix(":") ? String($0.dropLast()) : $0 })
        }
        #expect(printed.count == 6, "\(printed)")
        for name in printed {
            for command in [["explain"], ["results"], ["plan", "matrix.yaml", "--dry-run", "--explain"]] {
                let ending = try fixture.run(command + [name])
                #expect(ending.status <= 1, "\(command) \(name): \(ending.messages)")
            }
        }
        #expect(printed.contains("debian-12/4.13.1/waiting.dev"))
    }

    @Test func explainOfAPlanTakesPartsOfNames() async throws {
        let fixture = try await RecordedStore.shared()
        let whole = try fixture.run("plan", "matrix.yaml", "--dry-run", "--explain", "debian-12/4.13.1/good.1")
        #expect(whole.status == 0 && whole.output.hasPrefix("debian-12/4.13.1/good.1\n"), "\(whole)")
        for name in ["good", "good.1", "*/*/good", "debian-12/4.13.1/good", "debian-*/*/go*.1"] {
            #expect(
                try fixture.run("plan", "matrix.yaml", "--dry-run", "--explain", name).output == whole.output, "\(name)"
            )
        }
        for (name, message) in [
            ("*", "picks 6 cells"), ("god", "did you mean 'good'?"), ("outcome:failure", "names no cell"),
            ("good.2", "has no cell 'good.2'"),
        ] {
            let ending = try fixture.run("plan", "matrix.yaml", "--dry-run", "--explain", name)
            #expect(ending.status == 2 && ending.messages.contains(message), "\(name): \(ending)")
        }
    }

    @Test func verdictsOfTestsAndBuildsAreDistinguished() async throws {
        let fixture = try await RecordedStore.shared()
        #expect(try fixture.run("results", "--all", "tested").output.contains("failure in test"))
        let explained = try fixture.run("explain", "tested").output
        #expect(explained.contains("failure in test") && explained.contains(" (test)\n"), "\(explained)")
        struct State: Decodable {
            var kind: String?
            var log: String?
        }
        let json = Data(try fixture.run("results", "--format", "json", "tested", "bad").output.utf8)
        #expect(try JSONDecoder().decode([State].self, from: json).map(\.kind) == ["build", "test"])
        let tests = try fixture.run("log", "tested")
        #expect(
            tests.output.hasPrefix("=== test of tested.1\n") && tests.messages.hasPrefix("log of the tests of"),
            "\(tests.messages)")
        let build = try fixture.run("log", "--build", "tested")
        #expect(build.output == "=== build of tested.1\n", "\(build)")
        #expect(build.messages.hasPrefix("log of the build of"), "\(build)")
        let blocked = try fixture.run("log", "top")
        #expect(
            blocked.output.hasPrefix("=== build of bad.1\n") && blocked.messages.contains("which blocks"), "\(blocked)"
        )
    }
}
