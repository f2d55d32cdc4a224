internal import Glibc
internal import System

extension OpenFile {
    /// Calls `body` with the content of the file from the current position on, mapped into memory instead of copied;
    /// nil if the file cannot be mapped safely.
    ///
    /// A mapping of a file that becomes shorter ends the process, so the file is mapped only under a lease. The kernel
    /// refuses the lease if a process has opened the file for writing.
    ///
    /// - SeeAlso: `docs/decisions/0324-mapped-logs.md`
    func withMapping<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard lseek(descriptor, 0, SEEK_CUR) == 0 else { return nil }
        guard let lease = FileLease(.reading, on: descriptor) else { return nil }
        let result = MappedFile(descriptor, isReadAtOnce: true).map { file in
            withExtendedLifetime(file) { body(file.bytes) }
        }
        lease.release()
        return result
    }
}
