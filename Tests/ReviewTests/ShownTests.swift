import Core
import Model
import Records
import Review
import Store
import Testing

/// The object that a word identifies, and its output.
@Suite struct ShownTests {
    /// Runs 1 and 2: fmt breaks by one error in both columns, tested waits for it in one, lwt is fixed.
    private func deployment() async throws -> RecordedDeployment {
        let deployment = try RecordedDeployment()
        let runs = RunRecords(of: "d", in: deployment.store)
        let owner = try deployment.store.ephemeral.join("test")
        defer { owner.leave() }
        for number in 1...2 {
            var run = try runs.begin(
                trigger: "test", selectors: [], targets: ["debian-12"], at: 1_700_000_000 + number * 100, owner: owner)
            for compiler in RecordedDeployment.compilers {
                for name in ["dune", "fmt", "lwt", "tested"] {
                    let fails = (name == "fmt") == (number == 2) && ["fmt", "lwt"].contains(name)
                    let waits = name == "tested" && number == 2 && compiler == "5.3.0"
                    try await deployment.record(
                        "\(compiler)/\(name)", waits ? .blocked : fails ? .failure : .success
                    ) { result in
                        (result.run, result.finished) = (number, run.begin + 10)
                        if fails {
                            (result.phase, result.signature, result.reason) = (.build, "no \(name)", "no \(name)")
                        }
                        if waits { result.blockedBy = PackageVersion(name: "fmt", version: "1") }
                    }
                }
            }
            (run.end, run.ending) = (run.begin + 50, .finished)
            (run.cells, run.changes) = (["success": 8], ["broken": 2])
            try runs.end(run, targets: ["debian-12"])
        }
        return deployment
    }

    /// The sentence of a cause is complete, however narrow the terminal.
    @Test(arguments: [20, 40, 80, 200]) func theSentenceOfACauseIsNotCut(width: Int) async throws {
        let deployment = try RecordedDeployment(["fmt"])
        let reason = "fmt 1 needs conf-something-long, but there is no such package in any of the repositories"
        try await deployment.record("5.3.0/fmt", .failure) { ($0.phase, $0.reason) = (.build, reason) }
        let results = try deployment.results()
        let lines = ShownText(try results.shown(results.causes()[0].id), width: width, isWhole: false).lines
        #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
        let words = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(width == 20 || words.contains(reason), "\(lines)")
        #expect("a bc def".wrapped(to: 4) == ["a bc", "def"] && "".wrapped(to: 4).isEmpty)
        #expect("longer a".wrapped(to: 4) == ["longer", "a"])
    }

    @Test func aRunIsComparedWithTheOneBefore() async throws {
        let deployment = try await self.deployment()
        let results = try deployment.results()
        for word in ["2", "run:2", "last"] {
            guard case .run(let run) = try results.shown(word) else {
                Issue.record("\(word) is no run")
                continue
            }
            #expect(run.run.number == 2 && run.against == 1 && run.compared == 8)
            #expect(run.totals == ["broken": 3, "fixed": 2])
            #expect(run.changes.map(\.kind) == [.broken, .fixed])
            #expect(run.changes[0].cells.map(\.package.name) == ["fmt", "fmt", "tested"])
            #expect(run.changes[0].reason == "no fmt")
            #expect(try results.causes().map(\.id) == [run.changes[0].cause], "the same cause as in summaries")
        }
        let lines = ShownText(try results.shown("2"), width: 80, isWhole: false).lines
        #expect(lines.count <= ShownText.limit && lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(lines[0].hasPrefix("run 2: finished, 2023-11-14 ") && lines.contains("against run 1:"), "\(lines)")
        #expect(lines.contains("8 cells compared: 3 broken, 2 fixed"), "\(lines)")
        withExtendedLifetime(deployment) {}
    }

    @Test func theFirstRunIsComparedWithNothing() async throws {
        let deployment = try await self.deployment()
        let results = try deployment.results()
        guard case .run(let run) = try results.shown("last~1") else {
            Issue.record("no run")
            return
        }
        #expect(run.run.number == 1 && run.against == nil && run.totals == ["new": 8])
        #expect(run.changes.map(\.kind) == [.new] && run.changes[0].cells.map(\.package.name) == ["lwt", "lwt"])
        for word in ["3", "run:x", "last~2"] { #expect(throws: Failure.self) { try results.shown(word) } }
        withExtendedLifetime(deployment) {}
    }

    /// A package that is built on the way, in several columns, is shown as a package.
    @Test func inputsOfSeveralColumnsAreAPackage() async throws {
        let deployment = try RecordedDeployment(["fmt"])
        for compiler in RecordedDeployment.compilers {
            let cell = Cell(
                target: "debian-12", compiler: compiler, package: PackageVersion(name: "dune", version: "3"))
            let job = Digest(of: compiler)
            let result = CellResult(cell: cell, job: job, outcome: .failure, repositories: [])
            try await deployment.record(result, at: ResultPath.input(cell, job: job))
        }
        guard case .package(let package) = try deployment.results().shown("dune") else {
            Issue.record("dune is no package")
            return
        }
        #expect(package.cells.map(\.cell.compiler) == RecordedDeployment.compilers)
        guard case .cell(let cell) = try deployment.results().shown("*/5.3.0/dune") else {
            Issue.record("no cell")
            return
        }
        #expect(cell.state.outcome == .failure && cell.history.count == 1)
    }
}
