import Core
import Model
import Records
import Review
import Store
import TestSupport
import Testing

/// Why cells are bad: each bad cell has one cause.
@Suite struct CauseTests {
    private static let bad: Set<String> = ["failure", "blocked", "unsolvable", "infrastructure"]

    @Test(arguments: 0..<4) func eachBadCellIsInOneCause(number: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var history = try RandomHistory(seed: seed, packages: ["dune", "fmt", "lwt", "ocp", "tested", "zarith"])
        for _ in 0..<10 {
            for _ in 0..<6 { try await history.step() }
            let results = try history.deployment.results()
            let bad = try results.states(picked: []).filter { Self.bad.contains($0.state) }.map(\.cell)
            let causes = try results.causes()
            #expect(causes.flatMap { $0.cells + $0.blocks }.sorted() == bad.sorted(), "seed \(seed)")
            #expect(Set(causes.map(\.id)).count == causes.count, "seed \(seed)")
            let summary = try results.summary()
            #expect(summary.bad == bad.count && summary.causes == causes, "seed \(seed)")
            let columns = summary.columns.map { $0.cells.values.reduce(0, +) }
            #expect(columns == [6, 6], "seed \(seed)")
        }
    }

    @Test func oneSignatureIsOneCauseAndWhatItBlocksBelongsToIt() async throws {
        let deployment = try RecordedDeployment(["dune", "fmt", "lwt", "tested"])
        for compiler in RecordedDeployment.compilers {
            for name in ["fmt", "lwt"] {
                try await deployment.record("\(compiler)/\(name)", .failure) {
                    ($0.phase, $0.signature, $0.reason) = (.build, "unbound module X", "line 1: unbound module X")
                }
            }
        }
        try await deployment.record("5.3.0/tested", .blocked) {
            $0.blockedBy = PackageVersion(name: "lwt", version: "1")
        }
        try await deployment.record("5.3.0/dune", .failure) { $0.phase = .build }
        let causes = try deployment.results().causes()
        #expect(causes.map(\.count) == [5, 1])
        #expect(causes[0].packages == ["fmt", "lwt"] && causes[0].columns == 2 && causes[0].phase == .build)
        #expect(causes[0].blocks.map(\.description) == ["debian-12/5.3.0/tested.1"])
        #expect(causes[1].packages == ["dune"] && causes[1].signature == nil)
        #expect(try deployment.results().causes(picked: [Selector(parsing: "*/4.14.2/*")]).map(\.count) == [2])
    }

    @Test func weakSignaturesMergeNoPackages() async throws {
        let deployment = try RecordedDeployment(["fmt", "lwt", "tested"])
        for (name, isWeak) in [("fmt", true), ("lwt", true), ("tested", false)] {
            for compiler in RecordedDeployment.compilers {
                try await deployment.record("\(compiler)/\(name)", .failure) {
                    $0.signature = isWeak ? "make: *** [all] error 2" : "unbound module X"
                    $0.error = CellResult.LoggedError(
                        kind: isWeak ? "unknown" : "missing-module", origin: "package", isWeak: isWeak,
                        failureClass: "unbound module *", excerpt: "line\nline")
                }
            }
        }
        let results = try deployment.results()
        #expect(try results.causes().map(\.packages).sorted { $0[0] < $1[0] } == [["fmt"], ["lwt"], ["tested"]])
        #expect(try results.causes().allSatisfy { $0.columns == 2 })
        #expect(
            try results.cells(picked: [Selector(parsing: "kind:missing-*")]).map(\.cell.package.name) == [
                "tested", "tested",
            ])
        #expect(throws: Failure.self) { try results.check([Selector(parsing: "kind:network")]) }
    }

    @Test func aSummaryFitsOnATerminal() async throws {
        let deployment = try RecordedDeployment((0..<40).map { "p\($0)" })
        for number in 0..<40 {
            try await deployment.record("5.3.0/p\(number)", .failure) {
                $0.signature = "error \(number) " + String(repeating: "long ", count: 60)
            }
        }
        for width in [40, 80, 200] {
            let results = try deployment.results()
            let lines = SummaryText(try results.summary(causes: SummaryText.causes), width: width).lines
            #expect(lines.count <= SummaryText.limit && lines.allSatisfy { $0.count <= width }, "\(lines)")
            #expect(lines.contains { $0.contains("40 causes of 40 bad cells") }, "\(lines)")
        }
    }

    @Test func theStandingDependsOnThePreviousState() async throws {
        let deployment = try RecordedDeployment()
        try await deployment.record("5.3.0/fmt", .success)
        try await deployment.record("5.3.0/fmt", .failure)
        try await deployment.record("5.3.0/lwt", .failure)
        try await deployment.record("5.3.0/lwt", .infrastructure)
        try await deployment.record("5.3.0/lwt", .success)
        try await deployment.record("5.3.0/dune", .failure)
        try await deployment.record("4.14.2/dune", .failure)
        try await deployment.record("4.14.2/dune", .failure) { $0.reason = "again" }
        let columns = try deployment.results().summary().columns
        #expect(columns.map(\.compiler) == ["4.14.2", "5.3.0"])
        #expect(columns[0].cells == [.stillFailing: 1, .pending: 3])
        #expect(columns[1].cells == [.broken: 1, .fixed: 1, .new: 1, .pending: 1])
    }

    /// Another run may begin in the moment in which one ends: the summary of that one counts its own changes.
    @Test func aSummaryCountsTheChangesOfItsRun() async throws {
        let deployment = try RecordedDeployment()
        let runs = RunRecords(of: "d", in: deployment.store)
        let owner = try deployment.store.ephemeral.join("run")
        defer { owner.leave() }
        func begin() throws -> Int {
            try runs.begin(trigger: "manual", selectors: [], targets: [], at: 0, owner: owner).number
        }
        let first = try begin()
        try await deployment.record("5.3.0/fmt", .failure) { $0.run = first }
        _ = try begin()
        let results = try deployment.results()
        let (own, newest) = (try results.summary(of: nil, run: first), try results.summary(of: nil))
        #expect(own.run == 1 && own.previousRun == nil && own.columns[1].cells == [.new: 1, .pending: 3])
        #expect(newest.run == 2 && newest.previousRun == 1)
        #expect(newest.columns[1].cells == [.stillFailing: 1, .pending: 3])
    }

    /// Each backend has a column, even if there are other packages with the compiler.
    @Test func summariesHaveAColumnForEachBackend() async throws {
        let deployment = try RecordedDeployment(others: RecordedDeployment.unikernels)
        try await deployment.record(unikernel: "dev@spt", .success)
        try await deployment.record(unikernel: "dev@hvt", .failure)
        let summary = try deployment.results().summary()
        #expect(summary.columns.map(\.name) == ["4.14.2", "5.3.0", "5.3.0@hvt", "5.3.0@spt"])
        #expect(summary.columns[2].cells == [.new: 1] && summary.columns[3].cells == [.ok: 1])
        #expect(summary.columns[1].cells == [.pending: 4])
        let lines = SummaryText(summary, width: 100).lines
        #expect(lines.contains { $0.contains("5.3.0@hvt") }, "\(lines)")
        let picked = try #require(Selector("debian-12/5.3.0@hvt"))
        #expect(try deployment.results().summary(picked: [picked]).columns.map(\.name) == ["5.3.0@hvt"])
    }

    /// A package's versions are its history; backends of a unikernel are not.
    @Test func theHistoryOfAUnikernelIsThatOfItsBackend() async throws {
        let deployment = try RecordedDeployment(others: RecordedDeployment.unikernels)
        try await deployment.record(unikernel: "dev@spt", .success)
        try await deployment.record(unikernel: "dev@hvt", .success)
        try await deployment.record(unikernel: "dev@hvt", .failure)
        let results = try deployment.results()
        let spt = try #require(Cell("debian-12/5.3.0/hello.dev@spt"))
        let hvt = try #require(Cell("debian-12/5.3.0/hello.dev@hvt"))
        #expect(try results.history(of: spt).entries.map(\.outcome) == [.success])
        #expect(try results.history(of: hvt).entries.map(\.outcome) == [.failure, .success])
        #expect(try results.recordedVerdicts(of: spt).values.map(\.cell) == [spt])
        #expect(try results.bisect(hvt).bad.package == hvt.package)
    }
}
