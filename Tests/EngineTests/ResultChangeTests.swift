import Core
import Model
import Records
import Store
import TestSupport
import Testing

@testable import Engine

@Suite struct ResultChangeTests {
    @Test func aBrokenUpgradeIsBrokenAndReplacesTheOldVersion() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "0.9.0", "lwt": "1"])
        #expect(try fixture.subjects().first == "fmt.0.9.0 on t with 5: success")
        try await fixture.run(["fmt": "0.9.1", "lwt": "1"], failing: ["fmt"])
        #expect(try fixture.subjects().last == "fmt.0.9.1 on t with 5: failure in build (was success with 0.9.0)")
        #expect(try fixture.trailers("Change").last == "broken")
        #expect(try fixture.trailers("Previous").last == "fmt.0.9.0 success run 1")
        #expect(try fixture.documents("5/fmt") == ["5/fmt/0.9.1.json"], "the old version is gone")
        #expect(try fixture.documents("5/lwt") == ["5/lwt/1.json"])
        #expect(try fixture.indexed() == ["5/fmt/0.9.1.json", "5/lwt/1.json"])
        let old = try git("show", "results/d/t~1:5/fmt/0.9.0.json", at: fixture.directory.path)
        #expect(old.contains("success"), "history keeps it")

        try await fixture.run(["fmt": "0.9.2", "lwt": "1"])
        #expect(try fixture.subjects().last == "fmt.0.9.2 on t with 5: success (was failure in build with 0.9.1)")
        #expect(try fixture.trailers("Change").last == "fixed")
        #expect(try fixture.trailers("Previous").last == "fmt.0.9.1 failure in build run 2")
    }

    @Test func versionsThatThePlanHasStay() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1 2"])
        try await fixture.run(["fmt": "2 3"])
        #expect(try fixture.documents("5/fmt") == ["5/fmt/2.json", "5/fmt/3.json"])
        #expect(try fixture.trailers("Previous").last == "fmt.1 success run 1")
        #expect(try fixture.trailers("Change") == ["new", "new", "still-good"])
    }

    @Test func aVerdictThatOthersAreBuiltOverIsKept() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["dune": "1", "lwt": "1"], over: ["lwt": "dune.1"])
        try await fixture.run(["dune": "2", "lwt": "1"], over: ["lwt": "dune.1"])
        #expect(fixture.executed == ["dune.1", "lwt.1", "dune.2"])
        let documents = try fixture.documents("5/dune")
        #expect(documents.contains("5/dune/2.json") && !documents.contains("5/dune/1.json"))
        #expect(documents.count == 2, "the job of dune.1 is an input of lwt: \(documents)")
        try await fixture.run(["dune": "2", "lwt": "2"], over: ["lwt": "dune.1"])
        #expect(fixture.executed == ["dune.1", "lwt.1", "dune.2", "lwt.2"], "its verdict is known still")
    }

    @Test func undecidedResultsDoNotHideTheLastVerdict() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1"])
        try await fixture.run(["fmt": "2"], unavailable: ["fmt"])
        #expect(try fixture.subjects().last == "fmt.2 on t with 5: infrastructure (was success with 1)")
        #expect(try fixture.trailers("Change").last == "undecided")
        try await fixture.run(["fmt": "2"], failing: ["fmt"])
        #expect(try fixture.trailers("Change").last == "broken")
        #expect(try fixture.trailers("Previous").last == "fmt.1 success run 1")
        try await fixture.run(["fmt": "3"], failing: ["fmt"])
        #expect(try fixture.trailers("Change").last == "still-failing")
        #expect(try fixture.subjects().last == "fmt.3 on t with 5: failure in build")
    }

    /// Nothing is known about what an infrastructure failure blocks, until a job decides it.
    @Test(arguments: [("still-good", false), ("broken", true)])
    func whatInfrastructureBlocksIsUndecided(change: String, fails: Bool) async throws {
        let fixture = try UpgradeFixture()
        let (packages, over) = (["app": "1", "lib": "2"], ["app": "lib.2"])
        try await fixture.run(["app": "1", "lib": "1"], over: ["app": "lib.1"])
        try await fixture.run(packages, over: over, unavailable: ["lib"])
        #expect(try fixture.subjects().last == "app.1 on t with 5: blocked by lib.2 (infrastructure) (was success)")
        #expect(try fixture.trailers("Change").suffix(2) == ["undecided", "undecided"])
        try await fixture.run(packages, over: over, failing: fails ? ["lib"] : [])
        #expect(try fixture.trailers("Change").suffix(2) == [change, change])
        #expect(try fixture.trailers("Previous").last == "app.1 success run 1")
        #expect(try fixture.result("app.1")?.isVerdict == true)
    }

    @Test func aPackageWithoutASolutionIsBroken() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1"])
        try await fixture.run(["fmt": "2"], unsolvable: ["fmt"])
        #expect(try fixture.trailers("Change").last == "broken")
        #expect(try fixture.subjects().last == "fmt.2 on t with 5: unsolvable (was success with 1)")
        #expect(try fixture.documents("5/fmt") == ["5/fmt/2.json"])
    }

    @Test(arguments: Outcome.allCases)
    func everyOutcomeHasAChange(outcome: Outcome) {
        let changes = ([nil] + Outcome.allCases.filter(\.isVerdict)).map { ResultChange(from: $0, to: outcome) }
        #expect(changes.contains(.undecided) == !outcome.isVerdict)
        #expect(changes.contains(.broken) == (outcome.isVerdict && outcome != .success))
        #expect(changes.contains(.fixed) == (outcome == .success))
    }

    @Test(arguments: [
        PreviousVerdict(package: PackageVersion(name: "a", version: "1"), outcome: .success),
        PreviousVerdict(package: PackageVersion(name: "a", version: "1"), outcome: .failure, phase: .test, run: 3),
        PreviousVerdict(package: PackageVersion(name: "a", version: "1.2~b"), outcome: .blocked, run: 12),
    ])
    func theTrailerReadsBack(verdict: PreviousVerdict) {
        #expect(PreviousVerdict(trailer: verdict.trailer) == verdict)
        #expect(PreviousVerdict(trailer: verdict.trailer + " x") == nil)
    }
}
