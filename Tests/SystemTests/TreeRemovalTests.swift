import Foundation
import Glibc
import TestSupport
import Testing

@testable import System

/// Large trees are removed in the background: a job that leaves them does not wait.
@Suite struct TreeRemovalTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func makeTree(_ name: String, directories: Int, files: Int) throws -> String {
        try directory.shell(
            "for d in $(seq \(directories)); do mkdir -p \(name)/$d; (cd \(name)/$d; seq \(files) | xargs touch); done")
        return directory(name)
    }

    private func count(_ path: String) -> Int {
        (try? FileManager.default.subpathsOfDirectory(atPath: path).count) ?? 0
    }

    /// The entries beyond a limit remain, so that the caller can continue.
    @Test(arguments: [1, 50, 400]) func removalStopsAtItsLimit(limit: Int) throws {
        let tree = try makeTree("t", directories: 5, files: 100)
        let before = count(tree)
        #expect(!removeTree(tree, atMost: limit))
        let removed = before - count(tree)
        #expect(removed <= limit + 5, "\(removed) of \(before)")
        #expect(removeTree(tree))
        #expect(access(tree, F_OK) != 0)
    }

    /// Up to a limit, entries are removed immediately; the rest is removed on a queue, and the lock that excludes other
    /// processes is held until then.
    @Test func aLargeTreeIsRemovedInTheBackground() throws {
        let tree = try makeTree("t", directories: 3, files: 200)
        try directory.write("", to: "lock")
        let lock = open(directory("lock"), O_RDWR)
        try #require(flock(lock, LOCK_EX) == 0)
        let other = open(directory("lock"), O_RDWR)
        defer { close(other) }
        removeTreeInBackground(tree, closing: lock, promptly: 10)
        waitForRemovals(atMost: .seconds(1800))
        #expect(access(tree, F_OK) != 0)
        #expect(flock(other, LOCK_EX | LOCK_NB) == 0, "the lock was given up at the end")
    }

    /// Nothing is removed while the queue is busy: the caller returns earlier.
    @Test func theCallerDoesNotWait() throws {
        let tree = try makeTree("t", directories: 3, files: 200)
        let gate = DispatchSemaphore(value: 0)
        removeInBackground { gate.wait() }
        removeTreeInBackground(tree, closing: -1, promptly: 10)
        #expect(count(tree) >= 500)
        gate.signal()
        waitForRemovals(atMost: .seconds(1800))
        #expect(access(tree, F_OK) != 0)
    }
}
