import TestSupport
import Testing

@testable import Supervision

/// Counting the files that a command left on disk.
@Suite struct DiskWatchTests {
    @Test func aCountThatIsInterruptedFindsNothing() throws {
        let directory = try TemporaryDirectory()
        try directory.shell("mkdir a a/b && cd a/b && seq 5000 | xargs touch")
        var watch = DiskWatch(paths: [directory.path], limit: 1 << 20, reserve: 0)
        var asked = 0
        #expect(
            watch.check(while: {
                asked += 1
                return asked < 3
            }) == nil)
        #expect(asked == 3, "it stops at once")
        #expect(watch.check() == .limitExceeded)
        #expect(watch.used() > 5000 * 4096)
    }
}
