import Foundation
import Model
import TestSupport
import Testing

/// `ci diff`, `ci gate --base`, `ci history` and `ci bisect` over runs that were recorded.
@Suite struct ComparisonCommandTests {
    private static let packages = [
        "lib.1": #"depends: "ocaml""#, "app.1": #"depends: ["ocaml" "lib"]"#, "other.1": #"depends: "ocaml""#,
    ]

    /// Three runs: all good; an upgrade that breaks and blocks; the rest decided.
    private static func fixture() async throws -> RunHistory {
        let fixture = try RunHistory(packages, asked: "lib, app, other")
        try await fixture.run(["lib": .success, "app": .success, "other": .success])
        try fixture.commit("unrelated", ["extra.1": ""])
        try fixture.commit("lib 2", ["lib.2": #"depends: "ocaml""#])
        try await fixture.run(["lib": .failure, "app": .blocked, "other": .infrastructure]) { result in
            if result.outcome == .blocked { result.blockedBy = PackageVersion(name: "lib", version: "2") }
        }
        return fixture
    }

    private static let common = Task { try await fixture() }

    private struct Change: Decodable {
        var cell: String
        var verdict: String
        var packageBefore: String?
        var cause: String?
        var reason: String?
    }

    @Test func runsAreComparedByTheirTotalsAndCauses() async throws {
        let fixture = try await Self.common.value
        let ending = try fixture.ci("diff", "1", "2")
        #expect(ending.status == 1, "\(ending)")
        #expect(ending.output.hasPrefix("A: run 1\nB: run 2\n3 cells compared: 2 broken, 1 unknown\n\nbroken:\n"))
        #expect(
            ending.output.contains("  2  debian-12/4.13.1/lib.2  success with 1 → failure  Error: no\n"),
            "\(ending.output)")
        let changes = try fixture.json([Change].self, ["diff", "run:1", "last"])
        #expect(changes.map(\.verdict) == ["broken", "broken", "unknown"])
        #expect(changes.map(\.cause) == ["debian-12/4.13.1/lib.2", "debian-12/4.13.1/lib.2", nil])
        #expect(changes.map(\.packageBefore) == [nil, "lib.1", nil])
        let back = try fixture.ci("diff", "last", "last~1")
        #expect(back.status == 0 && back.output.contains("2 fixed, 1 unknown"), "\(back)")
        let same = try fixture.ci("diff", "2", "2")
        #expect(same.status == 0 && same.output.hasSuffix("3 cells compared: no difference\n"), "\(same)")
    }

    @Test func everySideNamesTheSameState() async throws {
        let fixture = try await Self.common.value
        let commit = try git("rev-parse", "HEAD", at: fixture.directory("repo"))
        let plan = try git("rev-parse", "small~1", at: fixture.path)
        let expected = try fixture.ci("diff", "1", "2", "--format", "csv").output
        for name in [
            "run:2", "last", "2999-01-01", "2999-01-01T10:00", "2999-01-01T10:00:00Z", "small", "plan:small", plan,
            commit, String(commit.prefix(8)), "debian-12", "debian-12/4.13.1", "results/small/debian-12", "now",
        ] {
            let ending = try fixture.ci("diff", "1", name, "--format", "csv")
            #expect(ending.status == 1 && ending.output == expected, "\(name): \(ending)")
        }
        for (name, message) in [
            ("9", "there are runs 1 to 2"), ("last~2", "there are runs 1 to 2"), ("plan:ffff", "there are 2, from"),
            ("1999-12-31", "runs 1 to 2"), ("2026-13-01", "runs 1 to 2"), ("nothing", "targets debian-12"),
            ("debian-12/9", "it has 4.13.1"), ("deadbeef", "dates are written"),
        ] {
            for words in [["diff", "1", name], ["diff", name, "1"], ["gate", "--base", name]] {
                let ending = try fixture.ci(words[0], words[1], words[2])
                #expect(ending.status == 2 && ending.messages.contains(message), "\(words): \(ending)")
                #expect(ending.output.isEmpty)
            }
        }
    }

    @Test func aGateComparesWithARun() async throws {
        let fixture = try await Self.common.value
        let broken = try fixture.ci("gate", "--base", "1")
        #expect(broken.status == 1, "\(broken)")
        #expect(
            broken.output.hasPrefix(
                "regression: 2 regressions, 1 undecided, 0 of 3 required cells good, against run 1\n"),
            "\(broken.output)")
        #expect(
            broken.output.contains("lib.2  failure in build (was success with 1)  and 1 cell more  Error: no"),
            "\(broken.output)")
        // The last verdict on a cell counts, even if the base ends with an infrastructure failure.
        let still = try fixture.ci("gate", "--base", "2", "lib", "app")
        #expect(
            still.status == 0 && still.output == "pass: 2 still failing, 0 of 2 required cells good, against run 2\n")
        let other = try fixture.ci("gate", "--base", "2", "other")
        #expect(other.status == 3 && other.output.contains("(was success)"), "\(other)")
        #expect(try fixture.ci("gate", "--base", "debian-12").status == 2, "a column is no earlier state")
    }

    /// A run of some cells records no others: those count as in its plan, unsolvable or without a verdict.
    @Test func aBaseMayHaveBuiltOnlySomeCells() async throws {
        let fixture = try RunHistory(
            Self.packages.merging(["lost.1": #"depends: "gone""#]) { $1 }, asked: "lib, app, other, lost")
        try await fixture.run(["lib": .success], only: ["lib"])
        let all: [String: Outcome] = ["lib": .success, "app": .failure, "other": .success]
        try await fixture.run(all)
        let partial = try fixture.ci("gate", "--base", "1")
        #expect(partial.status == 3, "app was not built in the base: \(partial)")
        #expect(
            partial.output.hasPrefix(
                "undecided: 1 undecided, 1 still failing, 2 of 4 required cells good, against run 1\n"),
            "\(partial)")
        #expect(partial.output.contains("app.1  failure in build"), "\(partial)")
        let lost = try fixture.ci("gate", "--base", "1", "lost")
        #expect(lost.status == 0 && lost.output.hasPrefix("pass: 1 still failing"), "it was unsolvable then: \(lost)")
        #expect(try fixture.ci("gate", "--base", "1", "lib", "other").status == 0)
        #expect(try fixture.ci("gate", "--base", "2").status == 0, "all were built")
        // A package that the plan of the base does not have is new.
        try fixture.commit("later", ["later.1": #"depends: "ocaml""#])
        let matrix = try #require(fixture.directory.read("matrix.yaml"))
        try fixture.directory.write(matrix.replacing("other, lost]", with: "other, lost, later]"), to: "matrix.yaml")
        try await fixture.run(all.merging(["later": .failure]) { $1 })
        let later = try fixture.ci("gate", "--base", "1", "later")
        #expect(later.status == 1 && later.output.contains("later.1  failure in build"), "\(later)")
    }

    /// Two targets with one compiler each have no cell in common by name: they are compared as columns.
    @Test func targetsWithOneCompilerEachAreColumns() async throws {
        let fixture = try RunHistory(
            Self.packages.merging([
                "ocaml.5.3.0": #"depends: "ocaml-system" {= "5.3.0"}"#,
                "ocaml-system.5.3.0": #"flags: compiler available: sys-ocaml-version = "5.3.0""#,
            ]) { $1 }, asked: "lib, app, other")
        let matrix = try #require(fixture.directory.read("matrix.yaml"))
        func compilers(_ text: String) throws {
            let changed = matrix.replacing("targets: [debian-12]", with: "targets: [debian-12, debian-13]")
                .replacing(#"[{system: "4.13.1"}]"#, with: text)
            try fixture.directory.write(changed, to: "matrix.yaml")
        }
        try compilers(#"[{system: "4.13.1", targets: [debian-12]}, {system: "5.3.0", targets: [debian-13]}]"#)
        try await fixture.run(["lib": .success, "app": .success, "other": .success]) { result in
            guard result.cell.target == "debian-13", result.cell.package.name == "lib" else { return }
            (result.outcome, result.phase, result.signature, result.reason) = (
                .failure, .build, "Error: no", "Error: no"
            )
        }
        let targets = try fixture.ci("diff", "debian-12", "debian-13")
        #expect(targets.status == 1, "\(targets)")
        #expect(
            targets.output.hasPrefix("A: debian-12\nB: debian-13\n3 cells compared: 1 only on B\n\nonly on B:\n"),
            "\(targets)")
        #expect(targets.output.contains("  1  debian-13/5.3.0/lib.1  success → failure  Error: no\n"), "\(targets)")
        let columns = try fixture.ci("diff", "debian-12/4.13.1", "debian-13/5.3.0", "--format", "csv")
        #expect(try fixture.ci("diff", "debian-12", "debian-13", "--format", "csv").output == columns.output)
        let back = try fixture.ci("diff", "debian-13", "debian-12")
        #expect(back.status == 0 && back.output.contains("1 only on A"), "\(back)")
        // With several compilers on one side, a column of it must be named.
        try compilers(
            #"[{system: "4.13.1", targets: [debian-12]}, {system: "5.3.0", targets: [debian-13]}, "#
                + #"{system: "5.3.0", name: other, packages: [lib], targets: [debian-13]}]"#)
        try fixture.plan()
        let unclear = try fixture.ci("diff", "debian-12", "debian-13")
        #expect(unclear.status == 2 && unclear.messages.contains("no compiler in common"), "\(unclear)")
        #expect(
            try fixture.ci("diff", "debian-12/4.13.1", "debian-13/5.3.0", "--format", "csv").output == columns.output)
    }

    @Test func aCellThatThePlanLostIsMissing() async throws {
        let fixture = try await Self.fixture()
        let matrix = try #require(fixture.directory.read("matrix.yaml"))
        try fixture.directory.write(matrix.replacing("[lib, app, other]", with: "[lib, app]"), to: "matrix.yaml")
        try fixture.plan()
        let refused = try fixture.ci("gate", "--base", "2")
        #expect(refused.status == 3 && refused.output.contains("other.1  missing (was success"), "\(refused)")
        #expect(try fixture.ci("gate", "--base", "2", "--allow-missing").status == 0)
        #expect(try fixture.ci("gate", "--base", "2", "lib").status == 0, "it is not selected")
    }

    private struct History: Decodable {
        struct Entry: Decodable {
            var package: String
            var outcome: String
            var run: Int?
            var change: String?
        }

        var entries: [Entry]
    }

    @Test func aHistorySpansVersions() async throws {
        let fixture = try await Self.common.value
        let ending = try fixture.ci("history", "lib")
        #expect(ending.status == 0, "\(ending)")
        let lines = ending.output.split(separator: "\n")
        #expect(
            lines[0].hasPrefix("debian-12/4.13.1/lib: 2 results, now failure in build with 2; last good in run 1 ("))
        #expect(lines[1].contains("run 2  2  failure in build") && lines[2].contains("run 1  1  success"), "\(lines)")
        #expect(ending.output.contains("next: ci bisect debian-12/4.13.1/lib.2"))
        let entries = try fixture.json(History.self, ["history", "lib"]).entries
        #expect(entries.map(\.package) == ["lib.2", "lib.1"] && entries.map(\.run) == [2, 1])
        #expect(entries.map(\.change) == ["broken", "new"])
        #expect(try fixture.ci("history", "nothing").status == 2)
        #expect(try fixture.ci("history", "*").status == 2)
    }

    private struct Report: Decodable {
        struct Change: Decodable {
            var kind: String
            var name: String
            var before: String?
            var after: String?
        }

        var changes: [Change]
    }

    @Test func aBisectionSaysWhatChanged() async throws {
        let fixture = try await Self.common.value
        let package = try fixture.json(Report.self, ["bisect", "lib"]).changes
        #expect(package.map(\.kind) == ["package", "repository"], "\(package)")
        #expect(package.first?.before == "1" && package.first?.after == "2")
        let input = try fixture.json(Report.self, ["bisect", "app"]).changes
        #expect(input.map(\.kind) == ["repository", "input"] && input.last?.name == "lib", "\(input)")
        let text = try fixture.ci("bisect", "app")
        #expect(text.status == 0 && text.output.contains("\n  input       lib   1 → 2\n"), "\(text.output)")
        #expect(text.output.contains("the same: package, source, compiler, system package, plugin, environment, limit"))
        let verdictless = try fixture.ci("bisect", "other")
        #expect(verdictless.status == 2 && verdictless.messages.contains("other.1 is good"), "\(verdictless)")
    }

    /// Planning alone finds the commit: the good result is recorded, and the bad cell has no solution.
    @Test func aBisectionBuildsTheCommitsInBetween() async throws {
        let fixture = try RunHistory(Self.packages, asked: "lib, other")
        try await fixture.run(["lib": .success, "other": .success])
        for number in 1...5 { try fixture.commit("unrelated \(number)", ["extra.\(number)": ""]) }
        let culprit = try fixture.commit("break lib", ["lib.1": #"depends: ["ocaml" "nowhere"]"#])
        for number in 6...9 { try fixture.commit("unrelated \(number)", ["extra.\(number)": ""]) }
        try await fixture.run(["other": .success])
        let before = try git("rev-parse", "small", "results/small/debian-12", at: fixture.path)
        let ending = try fixture.ci("bisect", "--run", "matrix.yaml", "lib")
        #expect(ending.status == 0, "\(ending)")
        #expect(
            ending.output.hasPrefix(
                "debian-12/4.13.1/lib.1: the first bad commit is \(culprit) in repo\n  break lib\n"), "\(ending)")
        #expect(try git("rev-parse", "small", "results/small/debian-12", at: fixture.path) == before)
        #expect(try fixture.ci("status").output.contains("bisect") == false)
        #expect(try fixture.ci("results", "lib").status == 1, "the only deployment is still the only one")
        #expect(try fixture.ci("store", "verify").status == 0)
    }

    private struct Turn: Decodable {
        struct Entry: Decodable {
            var outcome: String
            var run: Int
        }
        var good, bad: Entry
        var present: Entry?
        var reason, presentReason: String?
    }

    /// A cell that had no solution before it failed: both questions, since when it is not good and since when it fails
    /// like this, have an answer.
    @Test func bisectTellsSinceWhenACellFailsAsItDoesNow() async throws {
        let fixture = try RunHistory(["lib.1": #"depends: "ocaml""#], asked: "lib")
        try await fixture.run(["lib": .success])
        try fixture.commit("the dependency is gone", ["lib.1": #"depends: "gone""#])
        try await fixture.run([:])
        #expect(try fixture.json(Turn.self, ["bisect", "lib"]).present == nil)
        for number in 3...4 {
            try fixture.commit("solvable \(number)", ["lib.1": "depends: \"ocaml\" build: [\"false\" \"\(number)\"]"])
            try await fixture.run(["lib": .failure])
        }
        let turn = try fixture.json(Turn.self, ["bisect", "lib"])
        #expect((turn.good.run, turn.bad.run, turn.bad.outcome) == (1, 2, "unsolvable"))
        #expect(turn.reason?.contains("gone") == true, "\(turn.reason ?? "")")
        let present = try #require(turn.present)
        #expect((present.run, present.outcome, turn.presentReason) == (3, "failure", "Error: no"))
        let text = try fixture.ci("bisect", "lib").output
        #expect(text.contains(/now, since +\S+ \S+ +run 3 +lib\.1 +failure in build +Error: no/), "\(text)")
    }

    @Test func commitsRemovedByARewrittenHistoryAreNamed() async throws {
        let fixture = try RunHistory(["lib.1": #"depends: "ocaml""#], asked: "lib")
        try await fixture.run(["lib": .success])
        let bad = try fixture.commit("breaks", ["lib.1": #"depends: "ocaml" build: ["false"]"#])
        try await fixture.run(["lib": .failure])
        try fixture.directory.shell(
            """
            cd repo
            old=$(git branch --show-current)
            git checkout -q --orphan other
            git -c user.name=t -c user.email=t@t commit -q -m squashed
            git branch -q -D $old
            git reflog expire --expire=now --all
            git gc -q --prune=now
            """)
        #expect(!gitSucceeds("cat-file", "-e", bad, at: fixture.directory("repo")))
        let ending = try fixture.ci("bisect", "--run", "matrix.yaml", "lib")
        #expect(ending.status == 2, "\(ending)")
        #expect(
            ending.messages.contains("commit \(bad.prefix(12)) of 'repo', at which the cell is bad, is not in the"),
            "\(ending.messages)")
        #expect(ending.messages.contains("the history was rewritten"), "\(ending.messages)")
    }
}
