import Store
import Synchronization
import TestSupport
import Testing

/// Watches of all branches with a prefix, of changes by this process and by stock git.
@Suite struct BranchWatchTests {
    @Test func newChangedAndPushedBranchesAreNoticed() async throws {
        let directory = try TemporaryDirectory()
        let options = StoreOptions(changeDetection: .kernel(checkingEvery: .milliseconds(100)))
        let store = try Store(at: directory("store"), options: options)
        let calls = Mutex(0)
        let watch = store.watchBranches(prefix: "requests/") { calls.withLock { $0 += 1 } }
        func next(_ what: String, _ body: () throws -> Void) async throws {
            let before = calls.withLock { $0 }
            try body()
            try await waitUntil(what) { calls.withLock { $0 } > before }
        }
        try await waitUntil("the first call") { calls.withLock { $0 } == 1 }
        try await next("a branch appears") {
            try store.transact(Branch("requests/a"), "a") { try $0.write(bytes: [1], to: "x") }
        }
        try await next("it changes") {
            try store.transact(Branch("requests/a"), "b") { try $0.write(bytes: [2], to: "x") }
        }
        try await next("git makes another one") {
            try git("update-ref", "refs/heads/requests/b", "refs/heads/requests/a", at: directory("store"))
        }
        try await next("git removes it") {
            try git("update-ref", "-d", "refs/heads/requests/b", at: directory("store"))
        }
        watch.cancel()
        let after = calls.withLock { $0 }
        try await store.transact(Branch("requests/a"), "c") { try $0.write(bytes: [3], to: "x") }
        try await store.transact(Branch("other"), "c") { try $0.write(bytes: [3], to: "x") }
        #expect(calls.withLock { $0 } == after)
    }
}
