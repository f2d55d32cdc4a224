internal import Glibc

/// The memory-mapped contents of a file that does not change meanwhile.
package final class MappedFile: @unchecked Sendable {
    /// The contents, valid for the lifetime of this object.
    package let bytes: UnsafeRawBufferPointer

    /// Maps the file at `path`; nil if it is not a regular file, is empty or cannot be read.
    ///
    /// - Parameter isReadAtOnce: whether all contents will be used soon.
    package convenience init?(_ path: String, isReadAtOnce: Bool = false) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        self.init(descriptor, isReadAtOnce: isReadAtOnce)
    }

    /// Maps an open file from its start; nil if it is not a regular file, is empty or cannot be mapped.
    ///
    /// - Parameter isReadAtOnce: whether all contents will be used soon.
    package init?(_ descriptor: Int32, isReadAtOnce: Bool = false) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        let flags = isReadAtOnce ? MAP_PRIVATE | MAP_POPULATE : MAP_PRIVATE
        guard let start = mmap(nil, Int(status.st_size), PROT_READ, flags, descriptor, 0), start != MAP_FAILED else {
            return nil
        }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
    }

    /// Releases the memory of the pages that were read. They are read again when they are needed.
    package func releasePages() {
        madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_DONTNEED)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}
