import Core
import Model
import Testing

@testable import Engine

@Suite struct ConfirmationTests {
    @Test func aCellThatTurnsBadIsBuiltOnceMore() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1", "lwt": "1"], confirm: nil)
        try await fixture.run(["fmt": "2", "lwt": "1"], failing: ["fmt"], confirm: nil)
        #expect(fixture.executed == ["fmt.1", "lwt.1", "fmt.2", "fmt.2"])
        let result = try #require(try fixture.result("fmt.2"))
        #expect(result.outcome == .failure && result.change == .broken)
        #expect(result.confirmationWords == "confirmed 2/2")
        #expect(result.log == Digest(of: "log 1 of fmt.2"), "the first outcome is kept")
        #expect(result.confirmation?.map(\.log) == [1, 2].map { Digest(of: "log \($0) of fmt.2") })
        #expect(try fixture.trailers("Confirmation") == ["confirmed 2/2"])
    }

    @Test func aFailureByChanceIsFlakyAndBlocksNothing() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1", "lwt": "1"], confirm: 2)
        try await fixture.run(
            ["fmt": "2", "lwt": "2"], over: ["lwt": "fmt.2"], failing: ["fmt"], succeedingAt: ["fmt": 2], confirm: 2)
        #expect(fixture.executed == ["fmt.1", "lwt.1", "fmt.2", "fmt.2", "fmt.2", "lwt.2"])
        let result = try #require(try fixture.result("fmt.2"))
        #expect(result.outcome == .success && result.change == .flaky)
        #expect(result.confirmationWords == "flaky 2/3")
        #expect(result.confirmation?.first?.outcome == .failure, "the first outcome is kept")
        #expect(try fixture.result("lwt.2")?.change == .stillGood)
        #expect(try fixture.trailers("Confirmation") == ["flaky 2/3"])
        #expect(try fixture.trailers("Change").filter { $0 == "broken" } == [])
    }

    @Test func anInputThatGoodCellsNeedIsConfirmed() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["lwt": "1"], over: ["lwt": "dune.1"], confirm: 1)
        try await fixture.run(["lwt": "1"], over: ["lwt": "dune.2"], failing: ["dune"], confirm: 1)
        #expect(fixture.executed == ["dune.1", "lwt.1", "dune.2", "dune.2"])
        let blocked = try #require(try fixture.result("lwt.1"))
        #expect(blocked.change == .broken && blocked.blockedBy?.description == "dune.2")
    }

    @Test func onlyGoodCellsAreConfirmed() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1"], failing: ["fmt"], confirm: 3)
        try await fixture.run(["fmt": "2"], failing: ["fmt"], confirm: 3)
        try await fixture.run(["fmt": "3"], confirm: 3)
        try await fixture.run(["fmt": "4"], failing: ["fmt"], confirm: 0)
        #expect(fixture.executed == ["fmt.1", "fmt.2", "fmt.3", "fmt.4"])
        #expect(try fixture.trailers("Change") == ["new", "still-failing", "fixed", "broken"])
        #expect(try fixture.result("fmt.4")?.confirmation == nil)
    }

    @Test func aRegressionBehindALostConnectionIsConfirmed() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1"])
        try await fixture.run(["fmt": "2"], unavailable: ["fmt"])
        try await fixture.run(["fmt": "3"], failing: ["fmt"], confirm: 1)
        #expect(fixture.executed == ["fmt.1", "fmt.2", "fmt.3", "fmt.3"])
        #expect(try fixture.result("fmt.3")?.confirmationWords == "confirmed 2/2")
    }

    /// What the package's own commands did last is not forgotten while something else makes its cell bad.
    @Test func aFailureAfterTheCellWasUnsolvableIsConfirmed() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["fmt": "1"])
        try await fixture.run(["fmt": "1"], unsolvable: ["fmt"])
        try await fixture.run(["fmt": "2"], unsolvable: ["fmt"])
        try await fixture.run(["fmt": "2"], unavailable: ["fmt"])
        let unavailable = try #require(try fixture.result("fmt.2"))
        #expect(unavailable.previous?.outcome == .unsolvable && unavailable.built?.package.description == "fmt.1")
        try await fixture.run(["fmt": "3"], failing: ["fmt"], confirm: 1)
        #expect(fixture.executed == ["fmt.1", "fmt.2", "fmt.3", "fmt.3"])
        let result = try #require(try fixture.result("fmt.3"))
        #expect(result.confirmationWords == "confirmed 2/2" && result.change == .stillFailing)
        #expect(result.buildBefore?.outcome == .success && result.buildBefore?.run == 1)
        try await fixture.run(["fmt": "4"], failing: ["fmt"], confirm: 1)
        #expect(fixture.executed.suffix(1) == ["fmt.4"], "its last build failed")
        #expect(try fixture.result("fmt.4")?.built == nil)
    }

    @Test func aFailureAfterTheCellWasBlockedIsConfirmedAndItsInputsAreNot() async throws {
        let fixture = try UpgradeFixture()
        try await fixture.run(["lwt": "1"], over: ["lwt": "dune.1"])
        for version in 2...3 {
            try await fixture.run(["lwt": "1"], over: ["lwt": "dune.\(version)"], failing: ["dune"], confirm: 1)
        }
        #expect(fixture.executed == ["dune.1", "lwt.1", "dune.2", "dune.2", "dune.3"])
        #expect(try fixture.result("lwt.1")?.built?.outcome == .success)
        try await fixture.run(["lwt": "1"], over: ["lwt": "dune.4"], failing: ["lwt"], confirm: 1)
        #expect(fixture.executed.suffix(3) == ["dune.4", "lwt.1", "lwt.1"])
        #expect(try fixture.result("lwt.1")?.confirmationWords == "confirmed 2/2")
    }

    @Test func theChainToTheRootIsRecorded() async throws {
        let fixture = try UpgradeFixture()
        let over = ["top": "middle.1", "middle": "bottom.1"]
        try await fixture.run(["top": "1", "middle": "1", "bottom": "1"], over: over, failing: ["bottom"])
        let root = try #require(try fixture.result("bottom.1"))
        let top = try #require(try fixture.result("top.1"))
        #expect(top.outcome == .blocked && top.blockedBy == root.cell.package)
        #expect(top.blockedByJob == root.job)
        #expect(top.blockedChain?.map(\.description) == ["middle.1", "bottom.1"])
        #expect(try fixture.result("middle.1")?.blockedChain?.map(\.description) == ["bottom.1"])
        #expect(try fixture.trailers("Blocked-chain").sorted() == ["bottom.1", "middle.1 bottom.1"])
        #expect(try fixture.trailers("Blocked-by-job") == Array(repeating: root.job?.hex ?? "", count: 2))
    }

    @Test func onlyItsOwnCommandsCountForWhatAJobIsExpectedToTake() {
        let durations = CellResult.Durations(
            queued: 9, environment: 73, phases: [.depext: 20, .build: 1.5, .install: 0.5])
        #expect(durations.own == 2)
    }
}
