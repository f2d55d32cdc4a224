import Glibc
import System
import TestSupport
import Testing

struct FileLeaseTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory("file")
        // Written by another process: a child that is just starting may share this one's descriptors.
        try directory.shell("printf text > file")
    }

    /// What opening the file with `flags` gives: 0, or an error number. It does not wait.
    private func opening(_ flags: Int32) -> Int32 {
        let descriptor = open(path, flags | O_NONBLOCK)
        guard descriptor >= 0 else { return errno }
        close(descriptor)
        return 0
    }

    @Test(arguments: [
        (FileLease.Kind.reading, O_RDONLY, Int32(0)), (.reading, O_WRONLY, EWOULDBLOCK),
        (.writing, O_RDONLY, EWOULDBLOCK), (.writing, O_WRONLY, EWOULDBLOCK),
    ])
    func conflictingAccessWaitsUntilItIsReleased(kind: FileLease.Kind, flags: Int32, expected: Int32) throws {
        let file = try OpenFile<SystemError>(path, O_RDONLY)
        guard let lease = FileLease(kind, on: file.descriptor) else {
            Issue.record("no lease is granted")
            return
        }
        #expect(opening(flags) == expected)
        lease.release()
        #expect(opening(flags) == 0)
    }

    @Test(arguments: [
        (FileLease.Kind.reading, O_RDONLY, true), (.reading, O_WRONLY, false), (.writing, O_RDONLY, false),
    ])
    func aFileThatIsOpenInConflictGetsNone(kind: FileLease.Kind, flags: Int32, isGranted: Bool) throws {
        let file = try OpenFile<SystemError>(path, O_RDONLY)
        let other = try OpenFile<SystemError>(path, flags)
        var granted = false
        if let lease = FileLease(kind, on: file.descriptor) {
            granted = true
            lease.release()
        }
        #expect(granted == isGranted, "beside descriptor \(other.descriptor)")
    }
}
