import Core
import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

/// Plain clones of a store, made by stock git.
@Suite struct CloneTests {
    private let fixture: PlannedStore

    init() throws {
        fixture = try PlannedStore()
        let store = try Store(opening: fixture.path)
        let results = ResultBranch(deployment: "quickstart", target: "debian-12")
        let cell = try #require(
            try PlanStore(store).documents("quickstart").cells().first {
                if case .jobs = $0.basis { true } else { false }
            }
        )
        guard case .jobs(let build, _) = cell.basis else { return }
        var result = CellResult(cell: cell.cell, job: build, outcome: .failure, repositories: [])
        result.log = try store.logs.put(Array("a log\n".utf8))
        try store.transact(Branch(results.name), result.message) {
            try results.write(result, at: ResultPath.cell(cell.cell), in: $0)
        }
    }

    /// A relative address of a hub is relative to the current directory, not to the store in which git runs.
    @Test func aHubMayBeARelativePath() throws {
        let cloned = try fixture.program(["clone", "store", "below/here"]).run()
        #expect(cloned.status == 0, "\(cloned)")
        let checked = try fixture.program(["clone", "./below/../below/here", "another"]).run()
        #expect(checked.status == 0, "\(checked)")
    }

    @Test(arguments: [[], ["--bare"], ["--mirror"]]) func aPlainCloneIsReadAsTheStoreIs(options: [String]) throws {
        let directory = try TemporaryDirectory()
        let clone = directory("clone")
        try Program(["git", "clone", "-q"] + options + [fixture.path, clone]).output()
        for command in [
            ["results"], ["results", "--all"], ["results", "--format", "json"], ["results", "--format", "csv"],
            ["status"], ["status", "--format", "json"], ["diff", "quickstart", "quickstart"],
            ["store", "log"], ["store", "log", "results/quickstart/debian-12"],
            ["store", "show", "quickstart", "plan.json"],
            ["store", "show", "results/quickstart/debian-12"],
        ] {
            let here = try fixture.run(command, store: fixture.path)
            let there = try fixture.run(command, store: clone)
            #expect(there.status == here.status && there.output == here.output, "\(command): \(there.messages)")
        }
        let cells = try PlanStore(Store(opening: fixture.path)).documents("quickstart").cells()
        let unsolvable = cells.first { if case .unsolvable = $0.basis { true } else { false } }
        for cell in [cells.first, unsolvable].compactMap({ $0?.cell.description }) + ["*/*/no-such-package.1"] {
            for command in [["explain", cell], ["explain", cell, "--format", "json"], ["results", cell]] {
                let here = try fixture.run(command, store: fixture.path)
                let there = try fixture.run(command, store: clone)
                #expect(
                    there.status == here.status && there.output == here.output && there.messages == here.messages,
                    "\(command): \(there.messages)")
            }
        }
        let cell = try #require(
            try Store(opening: clone).snapshot(Branch("results/quickstart/debian-12")).list().first?.name)
        #expect(!cell.isEmpty)
        #expect(try fixture.run(["report", "--output", directory("site")], store: clone).status == 0)
        let failed = try #require(cells.first { if case .jobs = $0.basis { true } else { false } })
        let log = try fixture.run(["log", failed.cell.description], store: clone)
        #expect(log.status != 0 && log.messages.contains("plain clone of a store"), "\(log.messages)")
        #expect(log.messages.contains("'\(fixture.path)'"), "where to get it: \(log.messages)")
        #expect(try fixture.run(["store", "verify"], store: clone).status == 0)
        for command in [
            ["store", "undo", "quickstart"], ["store", "snapshot"], ["store", "gc"], ["run"],
            ["retry", "outcome:failure"], ["cancel", "*"],
        ] {
            let refused = try fixture.run(command, store: clone)
            #expect(
                refused.status == 2 && refused.messages.contains("which is read-only"),
                "\(command): \(refused.messages)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(clone)/ciso"), "nothing is made in it")
        #expect(!FileManager.default.fileExists(atPath: "\(clone)/.git/ciso"))
    }

    @Test func aBareCloneBecomesAStoreByPlanningAndAnyOtherIsRefused() throws {
        let directory = try TemporaryDirectory()
        try git("clone", "-q", fixture.path, directory("work"), at: "/")
        let refused = try fixture.planning(into: directory("work"))
        #expect(refused.status == 2 && refused.messages.contains("git clone --bare '\(fixture.path)'"), "\(refused)")
        try git("clone", "-q", "--bare", fixture.path, directory("bare"), at: "/")
        #expect(try fixture.planning(into: directory("bare")).status == 0)
        #expect(try Store.verify(at: directory("bare")).findings == [])
        let head = try Store(opening: fixture.path).snapshot(Branch("quickstart")).tree
        #expect(try Store(opening: directory("bare")).snapshot(Branch("quickstart")).tree == head)
    }

    @Test func aCloneShowsWhatWasFetchedLast() throws {
        let directory = try TemporaryDirectory()
        try git("clone", "-q", fixture.path, directory("clone"), at: "/")
        try Store(opening: fixture.path).transact(Branch("quickstart"), "next") { try $0.write(1, to: "n") }
        let old = try Store(opening: directory("clone")).snapshot(Branch("quickstart")).commit
        try git("fetch", "-q", at: directory("clone"))
        let new = try Store(opening: directory("clone")).snapshot(Branch("quickstart")).commit
        let newest = try Store(opening: fixture.path).snapshot(Branch("quickstart")).commit
        #expect(old != new && new == newest)
    }

    @Test func aDamagedPackIsTheMachinesFault() throws {
        for pack in fixture.files(below: "objects/pack") where pack.hasSuffix(".pack") {
            let path = "\(fixture.path)/objects/pack/\(pack)"
            chmod(path, 0o644)
            #expect(truncate(path, 40) == 0)
        }
        for command in [["results"], ["store", "log", "quickstart"], ["store", "show", "quickstart", "plan.json"]] {
            let ending = try fixture.run(command, store: fixture.path)
            #expect(ending.status == 3 && ending.messages.contains("ci store verify"), "\(command): \(ending.messages)")
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func anotherUsersStoreIsRefused() throws {
        try Program(["chown", "-R", "65534", fixture.path]).output()
        for command in [["results"], ["store", "verify"], ["store", "gc"]] {
            let ending = try fixture.run(command, store: fixture.path)
            #expect(
                ending.status == 2 && ending.messages.contains("safe.directory '\(fixture.path)'"),
                "\(command): \(ending.messages)")
        }
    }
}
