import Foundation
import TestSupport
import Testing

/// The requests written by `ci retry`, and their withdrawal.
@Suite struct RetryRequestTests {
    private func references(_ world: RecordedStore) throws -> String {
        try git("for-each-ref", "--format=%(refname) %(objectname)", at: world.path)
    }

    private func isRetried(_ package: String, _ world: RecordedStore) throws -> Bool {
        try world.run("results", package, "--format", "json").output.contains(#""retry" : true"#)
    }

    @Test func aDryRunPrintsTheSameAndChangesNothing() async throws {
        let world = try await RecordedStore()
        let before = try references(world)
        let tried = try world.run("retry", "bad", "--dry-run")
        #expect(tried.status == 0 && tried.output.hasSuffix("/bad.1\n"), "\(tried)")
        #expect(try references(world) == before)
        #expect(try !isRetried("bad", world))
        let done = try world.run("retry", "bad")
        #expect(done.output == tried.output)
        #expect(try references(world) != before)
        #expect(try isRetried("bad", world))
    }

    @Test func aRequestIsUndone() async throws {
        let world = try await RecordedStore()
        #expect(try world.run("retry", "bad").status == 0)
        let requested = try git("rev-parse", "retries/small", at: world.path)
        let tried = try world.run("store", "undo", "retries/small", "--dry-run")
        #expect(tried.status == 0, "\(tried)")
        #expect(try git("rev-parse", "retries/small", at: world.path) == requested)
        #expect(try isRetried("bad", world))
        let undone = try world.run("store", "undo", "retries/small")
        #expect(undone.status == 0, "\(undone)")
        #expect(try !isRetried("bad", world))
        #expect(try world.run("results", "bad", "--format", "json").output.contains(#""failure""#))
        // A later request is a request like any other.
        #expect(try world.run("retry", "bad").status == 0)
        #expect(try isRetried("bad", world))
        #expect(try world.run("store", "verify").status == 0)
    }
}
