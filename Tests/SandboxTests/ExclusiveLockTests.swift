import Core
import Foundation
import Supervision
import System
import TestSupport
import Testing

struct ExclusiveLockTests {
    @Test func oneAtATimeHasIt() throws {
        let directory = try TemporaryDirectory()
        let lock = try Files.lockIfFree(directory("lock"))
        #expect(lock != nil)
        #expect(try Files.lockIfFree(directory("lock")) == nil)
        withExtendedLifetime(lock) {}
    }

    /// Like a child that was forked while the lock was held and has not started its program yet.
    @Test func itEndsWithItsObjectThoughTheFileStaysOpen() throws {
        let directory = try TemporaryDirectory()
        var lock = try Files.lockIfFree(directory("lock"))
        #expect(lock != nil)
        let copy = try #require(descriptor(of: directory("lock")).map { dup($0) })
        defer { close(copy) }
        lock = nil
        #expect(try Files.lockIfFree(directory("lock")) != nil)
    }

    private func descriptor(of path: String) -> Int32? {
        (0..<1024 as Range<Int32>).first { descriptor in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) == path
        }
    }
}
