internal import Glibc
internal import System

extension OpenFile {
    /// `F_SETLEASE` of Linux, which the C library declares only for programs in C.
    private static var setLease: Int32 { 1024 }

    /// Calls `body` with the content of the file from the current position on, mapped into memory instead of copied;
    /// nil if the file cannot be mapped safely.
    ///
    /// A mapping of a file that becomes shorter ends the process. A lease makes the system wait with opening the file
    /// for writing, and with shortening it, until it is given back; it is refused if a process has opened the file for
    /// writing.
    ///
    /// - SeeAlso: `docs/decisions/0324-mapped-logs.md`
    func withMapping<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard lseek(descriptor, 0, SEEK_CUR) == 0 else { return nil }
        // Sent when another process waits; it would end this one.
        signal(SIGIO, SIG_IGN)
        guard fcntl(descriptor, Self.setLease, Int32(F_RDLCK)) == 0 else { return nil }
        defer { _ = fcntl(descriptor, Self.setLease, Int32(F_UNLCK)) }
        guard let file = MappedFile(descriptor, isReadAtOnce: true) else { return nil }
        return withExtendedLifetime(file) { body(file.bytes) }
    }
}
