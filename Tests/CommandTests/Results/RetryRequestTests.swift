import Foundation
import TestSupport
import Testing

/// The requests written by `ci retry`, and their withdrawal.
@Suite struct RetryRequestTests {
    private func references(_ fixture: RecordedStore) throws -> String {
        try git("for-each-ref", "--format=%(refname) %(objectname)", at: fixture.path)
    }

    private func isRetried(_ package: String, _ fixture: RecordedStore) throws -> Bool {
        try fixture.run("results", package, "--format", "json").output.contains(#""retry" : true"#)
    }

    @Test func aDryRunPrintsTheSameAndChangesNothing() async throws {
        let fixture = try await RecordedStore()
        let before = try references(fixture)
        let tried = try fixture.run("retry", "bad", "--dry-run")
        #expect(tried.status == 0 && tried.output.hasSuffix("/bad.1\n"), "\(tried)")
        #expect(try references(fixture) == before)
        #expect(try !isRetried("bad", fixture))
        let done = try fixture.run("retry", "bad")
        #expect(done.output == tried.output)
        #expect(try references(fixture) != before)
        #expect(try isRetried("bad", fixture))
    }

    @Test func aRequestIsUndone() async throws {
        let fixture = try await RecordedStore()
        #expect(try fixture.run("retry", "bad").status == 0)
        let requested = try git("rev-parse", "retries/small", at: fixture.path)
        let tried = try fixture.run("store", "undo", "retries/small", "--dry-run")
        #expect(tried.status == 0, "\(tried)")
        #expect(try git("rev-parse", "retries/small", at: fixture.path) == requested)
        #expect(try isRetried("bad", fixture))
        let undone = try fixture.run("store", "undo", "retries/small")
        #expect(undone.status == 0, "\(undone)")
        #expect(try !isRetried("bad", fixture))
        #expect(try fixture.run("results", "bad", "--format", "json").output.contains(#""failure""#))
        // A later request is a request like any other.
        #expect(try fixture.run("retry", "bad").status == 0)
        #expect(try isRetried("bad", fixture))
        #expect(try fixture.run("store", "verify").status == 0)
    }
}
