package import Glibc

/// Iterates over the names in a directory, in the order of the file system, without `.` and `..`.
///
/// Names are bytes that need not be valid UTF-8.
package struct DirectoryStream: ~Copyable {
    private let stream: OpaquePointer
    /// The type of the entry that `next` returned last, as in `dirent`: `DT_DIR`, `DT_REG`; `DT_UNKNOWN` if the file
    /// system does not report it.
    package private(set) var type: UInt8 = 0

    /// Opens a directory by its path, following links; nil on failure, with the reason in `errno`.
    package init?(_ path: String) {
        self.init(adopting: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    /// Opens a directory relative to an open one, without following a symbolic link.
    package init?(_ name: UnsafePointer<CChar>, in directory: Int32) {
        self.init(adopting: openDirectory(name, in: directory))
    }

    /// Takes ownership of a descriptor, which is closed even if it is not a directory.
    package init?(adopting descriptor: Int32) {
        guard descriptor >= 0 else { return nil }
        guard let stream = fdopendir(descriptor) else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        self.stream = stream
    }

    deinit { closedir(stream) }

    /// The descriptor of the directory, valid for the lifetime of this value.
    package var descriptor: Int32 { dirfd(stream) }

    /// The next name, terminated by a zero; nil at the end. It is valid until the next call.
    package mutating func next() -> UnsafePointer<CChar>? {
        while let record = readdir(stream) {
            let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
            let name = UnsafeRawPointer(record).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { continue }
            type = record.pointee.d_type
            return UnsafePointer(name)
        }
        return nil
    }
}

/// The sorted names in a directory, without `.` and `..`; empty if it cannot be read.
package func names(in directory: String) -> [String] {
    guard var stream = DirectoryStream(directory) else { return [] }
    var found: [String] = []
    while let name = stream.next() { found.append(String(cString: name)) }
    return found.sorted()
}

/// Opens the directory `name` relative to an open directory, without following a link.
///
/// - Parameter mode: if not nil, the directory is created with this mode if it does not exist.
/// - Returns: a descriptor; negative on failure, with the reason in `errno`.
package func openDirectory(
    _ name: UnsafePointer<CChar>, in directory: Int32, making mode: mode_t? = nil
) -> Int32 {
    if let mode { mkdirat(directory, name, mode) }
    return openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
}

/// Creates the directory `name` in an open directory. Returns 0, or -1 with the reason in `errno`.
package func makeDirectory(_ name: UnsafePointer<CChar>, in directory: Int32, mode: mode_t) -> Int32 {
    mkdirat(directory, name, mode)
}
