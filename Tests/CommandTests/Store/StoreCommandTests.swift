import Core
import Foundation
import Store
import TestSupport
import Testing

/// `ci store …` on a store with the real plan of `Matrices/quickstart.yaml`.
@Suite struct StoreCommandTests {
    private let fixture: PlannedStore

    init() throws {
        fixture = try PlannedStore()
    }

    @Test func logListsBranchesAndTheirCommits() throws {
        let head = try git("rev-parse", "quickstart", at: fixture.path)
        #expect(try fixture.store("log").output == "\(head.prefix(12))  quickstart\n")
        #expect(try fixture.json("log") as? [String: String] == ["quickstart": head])
        let line = try fixture.store("log", "quickstart").output
        #expect(line.hasPrefix(head.prefix(12)) && line.hasSuffix("Plan quickstart: 17 cells, 28 jobs\n"))
        let entries = try #require(try fixture.json("log", "quickstart") as? [[String: Any]])
        #expect(entries.count == 1 && entries[0]["commit"] as? String == head)
        #expect((entries[0]["trailers"] as? [String: String])?["Repository"] != nil)
        #expect(try fixture.store("log", "quickstart", "plan.json").output == line)
        #expect(try fixture.store("log", "quickstart", "nothing").output == "")
        let wrong = try fixture.store("log", "quickstrat")
        #expect(wrong.status == 2 && wrong.messages.contains("did you mean 'quickstart'?"), "\(wrong.messages)")
        let nowhere = try fixture.run("store", "log", "--store", "nowhere")
        #expect(nowhere.status == 2 && nowhere.messages.contains("there is no store at"), "\(nowhere.messages)")
    }

    @Test func showPrintsWhatStockGitPrints() throws {
        let names = try git("ls-tree", "--name-only", "quickstart", at: fixture.path).split(separator: "\n")
        let shown = try fixture.store("show", "quickstart").output.split(separator: "\n")
        #expect(shown.map { $0.trimmingSuffix("/") } == names)
        let jobs = try git("ls-tree", "-r", "--name-only", "quickstart", "jobs", at: fixture.path).split(
            separator: "\n")
        #expect(jobs.count == 28)
        for job in jobs {
            let shown = try fixture.store("show", "quickstart", String(job)).output
            #expect("\(Digest(of: shown)).json" == job.split(separator: "/").last!, "a job's id is its digest")
        }
        let head = try git("rev-parse", "quickstart", at: fixture.path)
        #expect(
            try fixture.store("show", head, "plan.json").output
                == fixture.store("show", "quickstart", "plan.json").output)
        let wrong = try fixture.store("show", "quickstart", "jobs/none.json")
        #expect(wrong.status == 2 && wrong.messages.contains("has no document 'jobs/none.json'"), "\(wrong.messages)")
    }

    @Test func verifyFindsAnObjectThatIsDamaged() throws {
        let whole = try fixture.store("verify")
        #expect(whole.status == 0 && whole.output.hasSuffix(": 0 findings\n"), "\(whole.output)")
        // All in files of their own, so that one can be damaged.
        let pack = try #require(fixture.files(below: "objects/pack").first { $0.hasSuffix(".pack") })
        try fixture.unpack("objects/pack/\(pack)")
        let id = try git("rev-parse", "quickstart:plan.json", at: fixture.path)
        let path = fixture.path + "/objects/\(id.prefix(2))/\(id.dropFirst(2))"
        let contents = try Data(contentsOf: URL(filePath: path))
        chmod(path, 0o644)
        try contents.prefix(20).write(to: URL(filePath: path))
        let damaged = try fixture.store("verify")
        #expect(damaged.status == 3)
        #expect(damaged.output.contains("damage: ") && damaged.output.contains("'plan.json'"), "\(damaged.output)")
        let finding = try #require((try fixture.json("verify") as? [String: Any])?["findings"] as? [[String: Any]])
        #expect(finding.count == 2 && finding.allSatisfy { $0["severity"] as? String == "damage" })
        try contents.write(to: URL(filePath: path))
        #expect(try fixture.store("verify", "--repair").status == 0)
    }

    @Test func undoAnnouncesAndRevertsAPlan() throws {
        let before = try git("rev-parse", "quickstart^{tree}", at: fixture.path)
        let first = try git("rev-parse", "quickstart", at: fixture.path)
        try fixture.plan(without: "zarith")
        let second = try git("rev-parse", "quickstart", at: fixture.path)
        #expect(first != second)
        let dryRun = try fixture.store("undo", "quickstart", "--dry-run")
        #expect(dryRun.status == 0 && dryRun.output.contains("change  plan.json\n"), "\(dryRun.output)")
        #expect(dryRun.output.contains("bring back  cells/"))
        #expect(try git("rev-parse", "quickstart", at: fixture.path) == second, "a dry run changes nothing")
        #expect(try fixture.store("snapshot", "--list").output == "")
        // The second plan is based on the first one.
        let refused = try fixture.store("undo", "quickstart", first)
        #expect(refused.status == 2 && refused.messages.contains("cannot be undone"), "\(refused.messages)")
        #expect(try git("rev-parse", "quickstart", at: fixture.path) == second)
        #expect(try fixture.store("undo", "quickstart").status == 0)
        #expect(try git("rev-parse", "quickstart^{tree}", at: fixture.path) == before)
        #expect(try git("rev-parse", "quickstart~1", at: fixture.path) == second, "history is kept")
        let kept = try fixture.store("snapshot", "--list").output
        #expect(kept.contains("before-undo-\(second.prefix(12))"), "\(kept)")
        #expect(try git("fsck", "--strict", "--no-dangling", at: fixture.path, isJoined: true) == "")
    }

    @Test func snapshotsAreTakenListedAndForgotten() throws {
        let head = try git("rev-parse", "quickstart", at: fixture.path)
        #expect(try fixture.store("snapshot", "--dry-run").output == "would save 1 branch\n")
        #expect(try fixture.store("snapshot", "mine").output == "mine\n")
        #expect(try fixture.store("snapshot", "mine").status == 2)
        #expect(try git("rev-parse", "refs/ciso/snapshots/mine/quickstart", at: fixture.path) == head)
        #expect(try fixture.store("snapshot", "--list").output == "mine  1 branch\n")
        #expect(try fixture.store("snapshot", "mine", "--drop", "--dry-run").output == "would delete mine\n")
        #expect(try fixture.store("snapshot", "--list").output == "mine  1 branch\n")
        #expect(try fixture.store("snapshot", "mine", "--drop").status == 0)
        #expect(try fixture.store("snapshot", "--list").output == "")
        #expect(try fixture.store("snapshot", "mine", "--drop").status == 2)
    }

    @Test func gcAnnouncesAndRemovesUnreferencedObjects() throws {
        let stray = try Store(opening: fixture.path).logs.put(Array("nobody's log".utf8))
        let tree = try git("rev-parse", "quickstart^{tree}", at: fixture.path)
        let dryRun = try fixture.store("gc", "--grace", "0", "--dry-run")
        #expect(dryRun.output.contains("log \(stray)\nwould drop 1 log (12 bytes)"), "\(dryRun.output)")
        #expect(try Store(opening: fixture.path).logs.read(stray) != nil, "a dry run drops nothing")
        for _ in 0..<2 {
            let collected = try fixture.store("gc")
            #expect(collected.status == 0 && collected.output.contains("drops 0 logs"), "what is new stays")
        }
        let collected = try fixture.store("gc", "--grace", "0")
        #expect(collected.status == 0 && collected.output.contains("drops 1 log"), "\(collected.messages)")
        #expect(try Store(opening: fixture.path).logs.read(stray) == nil)
        #expect(try git("rev-parse", "quickstart^{tree}", at: fixture.path) == tree)
        #expect(fixture.files(below: "objects").filter { $0.hasSuffix(".pack") }.count == 1)
        #expect(try git("count-objects", at: fixture.path).hasPrefix("0 objects"))
        #expect(try fixture.store("snapshot", "--list").output.contains("before-gc"))
        #expect(try fixture.store("verify").status == 0)
        #expect(try git("fsck", "--strict", "--no-dangling", at: fixture.path, isJoined: true) == "")
        // The plan is still the plan: planning again finds it there.
        let commit = try git("rev-parse", "quickstart", at: fixture.path)
        try fixture.plan()
        #expect(try git("rev-parse", "quickstart", at: fixture.path) == commit)
    }

    /// The long form, on a copy of the store that the quickstart left.
    @Test func allOfThemOnTheQuickstartsOwnStore() throws {
        guard let copy = try fixture.copyOfQuickstart() else {
            print("SKIPPED: there is no store of the quickstart; `.ci/run` makes one")
            return
        }
        #expect(try copy.store("verify").status == 0)
        let branch = "results/quickstart/debian-12"
        let commits = try git("log", "--format=%H", branch, at: copy.path).split(separator: "\n").map(String.init)
        let logged = try #require(try copy.json("log", branch, "--limit", "100000") as? [[String: Any]])
        #expect(logged.compactMap { $0["commit"] as? String } == commits)
        for entry in logged {
            let trailers = try #require(entry["trailers"] as? [String: String])
            let outcome = try #require(trailers["Outcome"])
            #expect((trailers["Job"] == nil) == (outcome == "unsolvable"), "\(entry["subject"] ?? "")")
            guard let log = trailers["Log"].flatMap(Digest.init(hex:)) else { continue }
            #expect(try Store(opening: copy.path).logs.read(log) != nil, "\(entry["subject"] ?? "")")
        }
        let tree = try git("rev-parse", "\(branch)^{tree}", at: copy.path)
        #expect(try copy.store("undo", branch).status == 0)
        #expect(
            try git("rev-parse", "\(branch)^{tree}", at: copy.path)
                == git("rev-parse", "\(commits[0])~1^{tree}", at: copy.path))
        #expect(try copy.store("undo", branch).status == 0)
        #expect(try git("rev-parse", "\(branch)^{tree}", at: copy.path) == tree)
        #expect(try copy.store("gc").status == 0)
        #expect(try copy.store("verify").status == 0)
        #expect(try git("fsck", "--strict", "--no-dangling", at: copy.path, isJoined: true) == "")
        #expect(
            try git("log", "--format=%H", commits[0], at: copy.path).split(separator: "\n").map(String.init) == commits)
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring { hasSuffix(suffix) ? dropLast(suffix.count) : self }
}
