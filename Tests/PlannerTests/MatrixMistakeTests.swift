import Core
import Fetching
import Foundation
import Matrix
import Model
import OpamRepository
import PluginHost
import TestSupport
import Testing

@testable import PlanSession
@testable import Planner

/// A reference in a matrix to something that does not exist is an error of planning.
@Suite struct MatrixMistakeTests {
    private func mistakes(_ change: (inout SmallPlan) -> Void) async -> String {
        var small = SmallPlan()
        change(&small)
        let planned = small
        let failure = await #expect(throws: Failure.self) { try await planned.planning() }
        #expect(failure?.category == .input)
        let explained = await #expect(throws: Failure.self) {
            try await Planner(planned.inputs()).explanation(of: "fmt")
        }
        #expect(explained?.diagnostics == failure?.diagnostics, "an explanation needs the same matrix")
        return failure?.description ?? ""
    }

    @Test func compilersThatAreNotThere() async throws {
        let words = await mistakes { $0.compilers = "[5.3, 99.9, 5.3.O, 5.3.0]" }
        #expect(
            words.contains("m.yaml:4:13: error: compiler '5.3': no repository has version 5.3 of 'ocaml'"), "\(words)")
        #expect(words.contains("m.yaml:4:18: error: compiler '99.9': no repository has version 99.9 of 'ocaml'"))
        #expect(words.contains("m.yaml:4:24: error: compiler '5.3.O'"))
        #expect(words.contains("did you mean '5.3.0'?") && words.contains("the newest are 5.3.0, 4.14.2"))
    }

    @Test func packagesOfCompilersAndSystemCompilersThatAreNotThere() async throws {
        let words = await mistakes {
            $0.compilers = "[{version: 5.3.0, packages: [ocaml-option-flambada]}, {system: 4.14.2, name: own}]"
        }
        #expect(words.contains("compiler '5.3.0+ocaml-option-flambada': no repository has 'ocaml-option-flambada'"))
        #expect(words.contains("compiler 'own': no repository has version 4.14.2 of 'ocaml-system'"), "\(words)")
    }

    @Test func allMistakesAreReportedTogether() async throws {
        let words = await mistakes {
            $0.compilers = "[9.9.9, 5.3.0]"
            $0.rest = "packages: [fmtt, fmt]\npins: {cmdliner: 7.0}"
        }
        for part in [
            "compiler '9.9.9'", "there is no package 'fmtt'", "pin 'cmdliner': no repository has a version 7.0",
        ] {
            #expect(words.contains(part), "\(part)\n\(words)")
        }
    }

    /// A broken pin, a target without a plugin and a package that is not there, in one go.
    @Test func aMistakeInAPinHidesNoOther() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("opam-version: \"2.0\"\n", to: "repo/packages/ocaml/ocaml.5.3.0/opam")
        try directory.write("opam-version: \"2.0\"\nx: [\n", to: "bad.opam")
        try directory.write(
            """
            deployment: d
            repositories: [{path: repo}]
            targets: [nosuch-1]
            compilers: [5.3.0, 8.8.8]
            packages: [mine]
            pins:
              mine: {path: nowhere}
              bad: {opam: bad.opam}
              held: 1.0
            """, to: "m.yaml")
        let preparation = PlanInputLoader(
            matrix: try MatrixFile(path: directory("m.yaml")), catalog: PluginCatalog(PluginSearchPath(entries: [])),
            cache: PlanCache(directory("cache")), packageSources: SourceCache(directory("sources")),
            environment: .ofTests)
        let failure = await #expect(throws: Failure.self) { try await preparation.inputs() }
        let words = failure?.description ?? ""
        for part in [
            "m.yaml:7:16: error: pin 'mine': ", "m.yaml:8:15: error: pin 'bad': has no usable opam file: ",
            "bad.opam:3:1",
            "m.yaml:3:11: error: ", "m.yaml:4:20: error: compiler '8.8.8'", "m.yaml:9:3: error: pin 'held'",
        ] {
            #expect(words.contains(part), "\(part)\n\(words)")
        }
    }

    // MARK: Broken packages

    private func inputs(_ directory: TemporaryDirectory, _ rest: String) throws -> PlanInputs {
        var small = SmallPlan()
        small.rest = rest
        var inputs = try small.inputs()
        var warnings: [Diagnostic] = []
        inputs.sources = [
            [0]: try RepositorySource(
                RepositorySet([directory("repo")]), repositories: [Plan.Repository(location: "repo", commit: "")],
                cache: nil, warnings: &warnings)
        ]
        return inputs
    }

    @Test func aBrokenPackageCostsItsOwnCells() async throws {
        let directory = try TemporaryDirectory()
        for name in ["ocaml.5.3.0", "good.1", "bad.1", "warned.1", "unplanned.1"] {
            let package = name.prefix { $0 != "." }
            try directory.write("opam-version: \"2.0\"\n", to: "repo/packages/\(package)/\(name)/opam")
        }
        try directory.write(
            "opam-version: \"2.0\"\ndepends: \"bad\"\n", to: "repo/packages/user/user.1/opam")
        for name in ["warned", "unplanned"] {
            try directory.write(
                "opam-version: \"2.0\"\nbuild: [\"true\"]\nbuild: [\"false\"]\nbuilt: []\n",
                to: "repo/packages/\(name)/\(name).1/opam")
        }
        try directory.write("", to: "repo/packages/bad/bad.1/files")
        let inputs = try inputs(directory, "packages: [good, bad, user, warned]")
        let planning = try await Planner(inputs).plan()
        let plan = try planning.plan
        #expect(plan.build("debian-12/5.3.0/good.1") != nil)
        let reason =
            "the files of the package cannot be used: packages/bad/bad.1/files: is a file, expected a directory"
        #expect(plan.cell("debian-12/5.3.0/bad.1")?.basis == .unsolvable(explanation: reason))
        guard case .unsolvable? = plan.cell("debian-12/5.3.0/user.1")?.basis else {
            Issue.record("user needs bad")
            return
        }
        let words = planning.warnings.map(\.description)
        #expect(words.count == 3, "\(words)")
        #expect(words.count { $0.contains("\(directory("repo"))/packages/bad/bad.1/files: is a file") } == 1)
        #expect(words.count { $0.contains("warned.1/opam:3:1: field 'build': ") } == 1)
        #expect(words.count { $0.contains("warned.1/opam:4:1: ") } == 1)
        #expect(try await Planner(inputs).explanation(of: "bad").contains(reason))
    }

    // MARK: Explanations

    @Test func explanationsAreThoseOfThePlan() async throws {
        var small = SmallPlan()
        small.opamFiles["x.1"] = #"depends: [ "y" ]"#
        small.opamFiles["y.1"] = #"depends: [ "x" ]"#
        small.opamFiles["t.1"] = #"depends: [ "ocaml" "nowhere" {with-test} ]"#
        small.rest = "packages: all\nwith-test: true\nexclude: [{cells: '*/*/zarith', reason: not now}]"
        let plan = try await small.planning().plan
        for cell in plan.cells {
            let text = try await Planner(small.inputs()).explanation(of: cell.cell.package.description)
            switch cell.basis {
            case .jobs: #expect(text.contains("selected after examining") && !text.contains("unsolvable"), "\(text)")
            case .unsolvable(let explanation): #expect(text.contains("unsolvable:\n\(explanation)\n"), "\(text)")
            case .excluded(let reason): #expect(text.contains("excluded by the matrix: \(reason)"), "\(text)")
            }
            if let untested = cell.untested { #expect(text.contains("not tested:\n\(untested)"), "\(text)") }
        }
        #expect(plan.cell("debian-12/5.3.0/t.1")?.untested != nil)
        let cycle = try await Planner(small.inputs()).explanation(of: "debian-12/5.3.0/x.1")
        #expect(cycle.contains("these packages need each other to be built: x.1 → y.1 → x.1"))
    }

    @Test func aCellIsExplainedByNameVersionOrCell() async throws {
        var small = SmallPlan()
        small.compilers = "[5.3.0, 4.14.2]"
        small.rest = "packages: [fmt, cmdliner]"
        let planner = Planner(try small.inputs())
        for name in ["*/5.3.0/fmt", "debian-12/5.3.0/fmt.0.9.0", "debian-12/5.3.0/fmt"] {
            #expect(try await planner.explanation(of: name).hasPrefix("debian-12/5.3.0/fmt.0.9.0\n"))
        }
        let several = await #expect(throws: Failure.self) { try await planner.explanation(of: "fmt") }
        #expect(several?.description.contains("'fmt' picks 2 cells: debian-12/5.3.0/fmt.0.9.0") == true)
        let none = await #expect(throws: Failure.self) { try await planner.explanation(of: "fm") }
        #expect(none?.description.contains("the matrix has no cell 'fm'") == true)
    }
}
