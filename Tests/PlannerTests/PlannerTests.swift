import Core
import Matrix
import Model
import Testing

@testable import Planner

/// The plans of small repositories.
@Suite struct PlannerTests {
    @Test func allSelectsTheNewestAvailableVersionOfEachPackage() async throws {
        let plan = try await SmallPlan().planning().plan
        let packages = plan.cells.map(\.cell.package.description)
        #expect(packages.contains("cmdliner.1.3.0"))
        #expect(!packages.contains("cmdliner.1.0.0"))
        #expect(!packages.contains("winonly.1.0"), "it is not available on Linux")
        #expect(plan.cells == plan.cells.sorted { $0.cell < $1.cell })
    }

    @Test func inputsAreThoseThatTheSelectionHasWithoutPost() async throws {
        let plan = try await SmallPlan().planning().plan
        let ocaml = try #require(plan.build("debian-12/5.3.0/ocaml.5.3.0"))
        #expect(plan.inputs(ocaml) == ["ocaml-base-compiler.5.3.0"], "ocaml-config is needed after it only")
        #expect(plan.inputs(plan.build("debian-12/5.3.0/ocaml-config.3")) == ["ocaml.5.3.0"])
        #expect(plan.inputs(plan.build("debian-12/5.3.0/logs.0.7.0")) == ["fmt.0.9.0", "ocaml.5.3.0"])
    }

    @Test func optionalDependenciesCountWhereTheyAreSelected() async throws {
        var small = SmallPlan()
        small.opamFiles["both.1.0"] = #"depends: [ "fmt" "cmdliner" ]"#
        let plan = try await small.planning().plan
        let alone = try #require(plan.build("debian-12/5.3.0/fmt.0.9.0"))
        #expect(plan.inputs(alone) == ["ocaml.5.3.0"])
        let both = try #require(plan.build("debian-12/5.3.0/both.1.0"))
        let fmts = try #require(plan.jobs[both]).inputs.filter { plan.jobs[$0]?.package.name == "fmt" }
        #expect(fmts.count == 1 && fmts != [alone], "fmt with cmdliner is another job")
        #expect(plan.inputs(fmts.first) == ["cmdliner.1.3.0", "ocaml.5.3.0"])
    }

    @Test func optionalInputsOnCyclesAreDroppedAndOtherCyclesReported() async throws {
        var small = SmallPlan()
        small.opamFiles["a.1"] = #"depends: [ "b" ]"#
        small.opamFiles["b.1"] = #"depopts: [ "a" ]"#
        small.opamFiles["x.1"] = #"depends: [ "y" ]"#
        small.opamFiles["y.1"] = #"depends: [ "x" ]"#
        let plan = try await small.planning().plan
        #expect(plan.inputs(plan.build("debian-12/5.3.0/a.1")) == ["b.1"])
        #expect(plan.inputs(plan.build("debian-12/5.3.0/b.1")) == [])
        guard case .unsolvable(let explanation)? = plan.cell("debian-12/5.3.0/x.1")?.basis else {
            Issue.record("x needs y and y needs x")
            return
        }
        #expect(explanation == "these packages need each other to be built: x.1 → y.1 → x.1")
    }

    @Test func testsAreAJobOfTheirOwnOverTheBuild() async throws {
        var small = SmallPlan()
        small.rest = "packages: [astring, cmdliner]\nwith-test: [astring]"
        let plan = try await small.planning().plan
        let name = "debian-12/5.3.0/astring.0.8.5"
        let build = try #require(plan.build(name))
        let test = try #require(plan.test(name))
        #expect(plan.jobs[build]?.kind == .build && plan.jobs[test]?.kind == .test)
        #expect(plan.inputs(build) == ["ocaml.5.3.0"])
        #expect(plan.inputs(test) == ["alcotest.1.8.0", "astring.0.8.5", "ocaml.5.3.0"])
        #expect(plan.jobs[test]?.inputs.contains(build) == true, "a failing test does not rebuild")
        #expect(plan.test("debian-12/5.3.0/cmdliner.1.3.0") == nil)

        var untestable = small
        untestable.opamFiles["alcotest.1.8.0"] = #"depends: [ "nowhere" ]"#
        let cell = try #require(try await untestable.planning().plan.cell(name))
        #expect(cell.untested != nil, "why there is no test is told")
        guard case .jobs(_, nil) = cell.basis else {
            Issue.record("the package itself can be built")
            return
        }
    }

    @Test func documentationIsAnotherJob() async throws {
        var small = SmallPlan()
        small.rest = "packages: [astring]"
        let plain = try await small.planning().plan
        small.rest = "packages: [astring]\nwith-doc: true"
        let documented = try await small.planning().plan
        let name = "debian-12/5.3.0/astring.0.8.5"
        #expect(plain.build(name) != documented.build(name))
        #expect(documented.inputs(documented.build(name)) == ["ocaml.5.3.0", "odoc.2.4.3"])
    }

    @Test func unsolvableCellsAreCellsToo() async throws {
        var small = SmallPlan()
        small.rest = "packages: [clash, old, winonly]"
        let plan = try await small.planning().plan
        #expect(plan.cells.count == 3)
        for cell in plan.cells {
            guard case .unsolvable(let explanation) = cell.basis else {
                Issue.record("\(cell.cell) has a solution")
                continue
            }
            #expect(!explanation.isEmpty)
        }
        #expect(plan.jobs.isEmpty)
    }

    @Test func onlyTheFailuresThatTheMatrixNamesAreAccepted() async throws {
        var small = SmallPlan()
        small.rest = """
            packages: [fmt, cmdliner]
            accept-failures:
              - {cells: "*/*/fmt", reason: known, phase: build, signature: "Unbound module *", tracker: https://x.org/1}
              - {cells: "*/*/cmdliner", reason: any, tracker: https://x.org/2}
            """
        let plan = try await small.planning().plan
        let fmt = try #require(plan.cell("debian-12/5.3.0/fmt.0.9.0"))
        #expect(fmt.required && fmt.accepted == "known", "another failure counts")
        #expect(
            fmt.acceptance == Acceptance(phase: .build, signature: "Unbound module *", tracker: "https://x.org/1"))
        var result = CellResult(cell: fmt.cell, job: plan.build("\(fmt.cell)"), outcome: .failure, repositories: [])
        (result.phase, result.signature) = (.build, "Unbound module Foo")
        #expect(fmt.acceptance(of: result) == .holds)
        result.signature = "Unbound value foo"
        #expect(fmt.acceptance(of: result) == .differs)
        (result.phase, result.signature) = (.test, "Unbound module Foo")
        #expect(fmt.acceptance(of: result) == .differs)
        result.outcome = .blocked
        #expect(fmt.acceptance(of: result) == .differs)
        result.outcome = .success
        #expect(fmt.acceptance(of: result) == .stale)
        result.outcome = .infrastructure
        #expect(fmt.acceptance(of: result) == nil)
        let cmdliner = try #require(plan.cell("debian-12/5.3.0/cmdliner.1.3.0"))
        #expect(!cmdliner.required && cmdliner.acceptance?.tracker == "https://x.org/2")
        #expect(AcceptedFailure.phases == Phase.allCases.map(\.rawValue))
    }

    @Test func rulesExcludeAcceptFailuresAndSetPriorities() async throws {
        var small = SmallPlan()
        small.rest = """
            packages: [fmt, cmdliner, zarith]
            include: [{cells: "*/*/cmdliner.1.0.0", reason: the old one}]
            exclude: [{cells: "*/*/fmt", reason: not now}]
            accept-failures:
              - {cells: "*/*/zarith", reason: known, expires: 2026-11-22}
              - {cells: "*/*/cmdliner*", reason: past, expires: 2026-11-21}
            schedule: [{cells: "*/*/zarith", priority: 3}]
            """
        let planning = try await small.planning()
        let cells = Dictionary(uniqueKeysWithValues: try planning.plan.cells.map { ($0.cell.package.description, $0) })
        #expect(cells.keys.sorted() == ["cmdliner.1.0.0", "cmdliner.1.3.0", "fmt.0.9.0", "zarith.1.14"])
        #expect(cells["fmt.0.9.0"]?.basis == .excluded(reason: "not now"))
        #expect(cells["zarith.1.14"]?.required == false)
        #expect(cells["zarith.1.14"]?.accepted == "known (until 2026-11-22)")
        #expect(cells["zarith.1.14"]?.priority == 3)
        #expect(cells["cmdliner.1.3.0"]?.required == true)
        #expect(planning.warnings.map(\.severity) == [.warning])
        let explanation = try await Planner(small.inputs()).explanation(of: "debian-12/5.3.0/cmdliner.1.0.0")
        #expect(explanation.contains("the old one"), "\(explanation)")
    }

    @Test func pinsHoldVersionsForEverybody() async throws {
        var small = SmallPlan()
        small.rest = "packages: [alcotest]\npins: {cmdliner: 1.0.0}"
        let plan = try await small.planning().plan
        #expect(
            plan.inputs(plan.build("debian-12/5.3.0/alcotest.1.8.0")) == ["cmdliner.1.0.0", "ocaml.5.3.0"])
    }

    @Test(arguments: ["[cmdliner]", "[cmdliner >= 1]", "[cmdl*]", "all", "[{name: cmdliner, versions: all}]"])
    func aPackageThatIsPinnedIsTakenAtThatVersion(packages: String) async throws {
        var small = SmallPlan()
        small.rest = "packages: \(packages)\npins: {cmdliner: 1.0.0}"
        let cells = try await small.planning().plan.cells.map(\.cell.package.description)
        #expect(cells.filter { $0.hasPrefix("cmdliner") } == ["cmdliner.1.0.0"])
    }

    @Test func lowerBoundsTakeTheOldestThatDo() async throws {
        var small = SmallPlan()
        small.rest = "packages: [alcotest]\nlower-bounds: true"
        let plan = try await small.planning().plan
        #expect(
            plan.inputs(plan.build("debian-12/5.3.0/alcotest.1.8.0")) == ["cmdliner.1.0.0", "ocaml.5.3.0"])
    }

    @Test(arguments: [
        (
            "packages: [cmdlinre]", "m.yaml:5:12: error: there is no package 'cmdlinre' in memory",
            "did you mean 'cmdliner'?"
        ),
        (
            "packages: [cmdliner >= 2]", "m.yaml:5:12: error: no version of 'cmdliner' satisfies 'cmdliner >= 2'",
            "the newest are 1.3.0, 1.0.0"
        ),
        ("packages: [js-*]", "m.yaml:5:12: error: no package name matches 'js-*'", "add 'optional: true'"),
        ("packages: [{tag: org:none}]", "m.yaml:5:12: error: no tag of a package matches 'org:none'", "hint"),
        ("packages: [{name: js-*, optional: true}]", "the matrix has no cells", "m.yaml:1:13"),
    ])
    func missingPackagesAreReported(rest: String, message: String, hint: String) async throws {
        var small = SmallPlan()
        small.rest = rest
        let failure = await #expect(throws: Failure.self) { try await small.planning() }
        #expect(failure?.category == .input)
        let words = failure?.description ?? ""
        #expect(words.contains(message), "\(words)")
        #expect(hint == "hint" || words.contains(hint), "\(words)")
    }

    @Test func selectionsAreAddedAndTakenAway() async throws {
        var small = SmallPlan()
        small.opamFiles["fmt.0.9.0"]? += #" tags: ["org:erratique"] maintainer: ["Daniel"]"#
        func packages(_ rest: String) async throws -> [String] {
            var small = small
            small.rest = rest
            return try await small.planning().plan.cells.map(\.cell.package.description)
        }
        #expect(
            try await packages("packages: [{name: cmdliner, versions: all}]") == ["cmdliner.1.0.0", "cmdliner.1.3.0"])
        #expect(try await packages("packages: [{name: cmdliner, versions: oldest}]") == ["cmdliner.1.0.0"])
        #expect(try await packages("packages: [cmdliner < 1.3]") == ["cmdliner.1.0.0"])
        #expect(try await packages("packages: [{tag: org:*}]") == ["fmt.0.9.0"])
        #expect(try await packages("packages: [{maintainer: Dan*}]") == ["fmt.0.9.0"])
        #expect(
            try await packages("packages: [{reverse-dependencies: cmdliner}]") == ["alcotest.1.8.0"])
        #expect(
            try await packages("packages: [{reverse-dependencies: [fmt], depth: 1}, {except: clash}]") == ["logs.0.7.0"]
        )
        #expect(
            try await packages("packages: [{set: s, versions: all}, {except: cmdliner.1.3.0}]\nsets: {s: [cmdliner]}")
                == ["cmdliner.1.0.0"])
    }

    @Test func rulesWithoutACellAreWarnings() async throws {
        var small = SmallPlan()
        small.rest = """
            packages: [fmt, cmdliner]
            exclude: [{cells: ["*/*/fmt", "*/*/fmtt"], reason: r}]
            accept-failures: [{cells: "debian-12/*/cmdliner.1.2*", reason: r}]
            schedule: [{cells: "*/*/astring", priority: 1}]
            with-test: [cmdlinre, "fm*"]
            lower-bounds: ["js-*"]
            """
        let warnings = try await small.planning().warnings
        #expect(
            warnings.map { "\($0)".split(separator: "\n")[0] } == [
                "m.yaml:6:31: warning: '*/*/fmtt' selects no cell",
                "m.yaml:7:27: warning: 'debian-12/*/cmdliner.1.2*' selects no cell",
                "m.yaml:8:20: warning: '*/*/astring' selects no cell",
                "m.yaml:9:13: warning: 'with-test' names 'cmdlinre', which no cell has",
                "m.yaml:10:16: warning: 'lower-bounds' names 'js-*', which no cell has",
            ])
        #expect(warnings.first?.hint == "did you mean 'fmt'?")
    }

    @Test func pinsToVersionsThatAreNotThereAreMistakes() async throws {
        var small = SmallPlan()
        small.rest = "packages: [alcotest]\npins: {cmdliner: 1.5.0, gone: 1.0}"
        let failure = await #expect(throws: Failure.self) { try await small.planning() }
        #expect(failure?.category == .input)
        let words = failure?.description ?? ""
        #expect(
            words.contains("m.yaml:6:8: error: pin 'cmdliner': no repository has a version 1.5.0 of it"), "\(words)")
        #expect(words.contains("the newest are 1.3.0, 1.0.0"), "\(words)")
        #expect(words.contains("m.yaml:6:25: error: pin 'gone': no repository has a version 1.0 of it"), "\(words)")
    }

    @Test func planningTwiceGivesTheSame() async throws {
        var small = SmallPlan()
        small.targets = "[debian-12, debian-13]"
        small.compilers = "[5.3.0, 4.14.2]"
        small.rest = "packages: all\nwith-test: true"
        let first = try await small.planning()
        let second = try await small.planning()
        #expect(try first.plan == second.plan)
        #expect(first.files == second.files)
    }
}
