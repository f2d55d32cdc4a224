import Model
import Records
import Store
import TestSupport
import Testing

@testable import Review

/// What `ci status` says about tasks.
@Suite struct TaskSummaryTests {
    /// A task is running only while a process runs it: its state stays on the branch when that process is killed.
    @Test func theWordsFollowTheClaim() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(at: directory.path)
        try SubmittedTask.submit(
            "t", TaskRequest(submitted: 1, submitter: "me"), matrix: Array("deployment: d".utf8), in: store)
        let owner = try store.ephemeral.join("tasks")
        func words(_ state: TaskProgress.State, claim: [UInt8]?) throws -> [String] {
            _ = try SubmittedTask.record(TaskProgress(state, since: 2, deployment: "d"), of: "t", in: store)
            let path = try SubmittedTask.claim(of: "t")
            if let claim {
                _ = try store.ephemeral.set(claim, at: path, owner: owner, lifetime: nil, expecting: .anything)
            } else {
                _ = try store.ephemeral.remove(path, expecting: .anything)
            }
            return try TaskSummary.all(in: store).map { "\($0.words): \($0.detail)" }
        }
        let alone = "; no 'ci run' handles it now"
        #expect(try TaskSummary.all(in: store).map(\.detail) == ["submitted by me\(alone)"])
        #expect(try words(.planning, claim: []) == ["planning: deployment d"])
        #expect(try words(.planning, claim: nil) == ["submitted: deployment d\(alone)"])
        #expect(try words(.dispatched, claim: []) == ["planned: deployment d"])
        #expect(try words(.dispatched, claim: SubmittedTask.running) == ["running: deployment d"])
        owner.leave()
        #expect(try TaskSummary.all(in: store).map(\.words) == ["planned"])
        #expect(try words(.complete, claim: nil) == ["complete: deployment d"])
    }
}
