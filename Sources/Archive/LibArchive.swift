import CArchive
import Glibc
import System

// This is the only file that uses libarchive. The rest of the module works with `ArchiveEntry` values and bytes.

/// The file type bits of a mode in libarchive, whose macros are not imported.
private enum FileType {
    static let mask: UInt32 = 0o170000
    static let regular: UInt32 = 0o100000
    static let directory: UInt32 = 0o040000
    static let symbolicLink: UInt32 = 0o120000
}

/// The number of bytes passed to or from libarchive at a time.
let blockSize = 1 << 17

/// Runs `body` with a UTF-8 locale on this thread: libarchive converts names by the thread's locale, and fails for
/// names that the "C" locale cannot represent.
func withUTF8Names<Value>(_ body: () throws(ArchiveError) -> Value) throws(ArchiveError) -> Value {
    guard let utf8 = utf8Locale else { return try body() }
    let before = uselocale(utf8)
    defer { _ = uselocale(before) }
    return try body()
}

/// Immutable and never freed, so that all threads may use it.
nonisolated(unsafe) private let utf8Locale: locale_t? = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)

/// Reads the members of an archive in order. Not thread-safe.
final class ArchiveReader {
    /// The kind of input: a container with members, or one compressed stream.
    enum Format {
        case container
        case stream
    }

    private let handle: OpaquePointer
    private let name: String
    private var blocks: BlockQueue?

    /// Opens an archive for reading from `descriptor`, which the caller must close.
    init(descriptor: Int32, name: String, format: Format) throws(ArchiveError) {
        self.name = name
        handle = archive_read_new()
        supportFormats(of: handle, format)
        try check(archive_read_open_fd(handle, descriptor, blockSize))
    }

    /// Opens an archive in `bytes`, which must outlive the reader.
    init(bytes: UnsafeRawBufferPointer, name: String, format: Format) throws(ArchiveError) {
        self.name = name
        handle = archive_read_new()
        supportFormats(of: handle, format)
        try check(archive_read_open_memory(handle, bytes.baseAddress, bytes.count))
    }

    /// Opens an uncompressed tar file that another thread writes to `blocks`.
    init(tar blocks: BlockQueue, name: String) throws(ArchiveError) {
        self.name = name
        self.blocks = blocks
        handle = archive_read_new()
        archive_read_support_filter_none(handle)
        archive_read_support_format_tar(handle)
        try check(
            archive_read_open(
                handle, Unmanaged.passUnretained(blocks).toOpaque(), nil,
                { _, context, buffer in
                    guard let context else { return -1 }
                    let block = Unmanaged<BlockQueue>.fromOpaque(context).takeUnretainedValue().take()
                    buffer?.pointee = block.baseAddress
                    return block.count
                }, nil))
    }

    deinit {
        archive_read_free(handle)
    }

    /// The next member; nil at the end.
    func next() throws(ArchiveError) -> ArchiveEntry? {
        var found: OpaquePointer?
        let status = archive_read_next_header(handle, &found)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let found else {
            throw damage()
        }
        return try entry(found)
    }

    /// Reads more of the member's contents into `buffer`; returns 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw damage() }
        return count
    }

    private func entry(_ found: OpaquePointer) throws(ArchiveError) -> ArchiveEntry {
        guard let path = archive_entry_pathname(found).map(FilePath.init(cString:)) else {
            throw ArchiveError(.unsafePath, archive: name, detail: "a member without a name")
        }
        let kind: ArchiveEntry.Kind
        if let target = archive_entry_hardlink(found).map(FilePath.init(cString:)) {
            kind = .hardLink(target: target)
        } else {
            switch UInt32(archive_entry_filetype(found)) & FileType.mask {
            case FileType.regular, 0: kind = .file
            case FileType.directory: kind = .directory
            case FileType.symbolicLink:
                guard let target = archive_entry_symlink(found).map(FilePath.init(cString:)) else {
                    throw ArchiveError(
                        .damaged, archive: name, member: path.description, detail: "a symbolic link without a target")
                }
                kind = .symbolicLink(target: target)
            default: kind = .special
            }
        }
        return ArchiveEntry(
            path: path, kind: kind, permissions: UInt32(archive_entry_perm(found)) & 0o7777,
            size: kind == .file ? Int(max(0, archive_entry_size(found))) : 0,
            modified: Int(archive_entry_mtime(found)),
            owner: Owner(
                user: UInt32(truncatingIfNeeded: archive_entry_uid(found)),
                group: UInt32(truncatingIfNeeded: archive_entry_gid(found))),
            attributes: attributes(of: found))
    }

    /// The extended attributes of a member that may be set.
    private func attributes(of found: OpaquePointer) -> [String: [UInt8]] {
        guard archive_entry_xattr_reset(found) > 0 else { return [:] }
        var attributes: [String: [UInt8]] = [:]
        var (name, value, size): (UnsafePointer<CChar>?, UnsafeRawPointer?, Int) = (nil, nil, 0)
        while attributes.count < ExtendedAttribute.countLimit,
            archive_entry_xattr_next(found, &name, &value, &size) == ARCHIVE_OK
        {
            guard let name = name.map({ String(cString: $0) }), ExtendedAttribute.isPortable(name),
                size <= ExtendedAttribute.sizeLimit
            else { continue }
            attributes[name] = Array(UnsafeRawBufferPointer(start: value, count: size))
        }
        return attributes
    }

    private func check(_ status: Int32) throws(ArchiveError) {
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw damage() }
    }

    private func damage() -> ArchiveError {
        ArchiveError(.damaged, archive: name, detail: message(of: handle))
    }
}

/// Enables only filters that are built into libarchive, none that start an external program.
private func supportFormats(of handle: OpaquePointer, _ format: ArchiveReader.Format) {
    archive_read_support_filter_none(handle)
    archive_read_support_filter_gzip(handle)
    archive_read_support_filter_bzip2(handle)
    archive_read_support_filter_xz(handle)
    archive_read_support_filter_lzma(handle)
    archive_read_support_filter_lzip(handle)
    archive_read_support_filter_compress(handle)
    archive_read_support_filter_zstd(handle)
    switch format {
    case .container:
        archive_read_support_format_tar(handle)
        archive_read_support_format_zip(handle)
    case .stream:
        archive_read_support_format_raw(handle)
        archive_read_support_format_empty(handle)
    }
}

private func message(of handle: OpaquePointer) -> String {
    archive_error_string(handle).map { String(cString: $0) } ?? "unknown format or damaged data"
}

/// Writes members to a descriptor, optionally compressed. Not thread-safe.
final class ArchiveWriter {
    private let handle: OpaquePointer
    private let name: String

    /// Writes a tar archive to `descriptor`, which the caller must close.
    ///
    /// - Parameter compression: the compression with its level.
    init(
        descriptor: Int32, name: String, compression: (form: Packing.Compression, level: Int)?
    ) throws(ArchiveError) {
        self.name = name
        handle = archive_write_new()
        // GNU tar stores long names as bytes; pax would convert them by the locale.
        archive_write_set_format_gnutar(handle)
        switch compression {
        case (.zstd, let level)?: try addZstdFilter(level)
        case (.gzip, let level)?: try addGzipFilter(level)
        case nil: break
        }
        archive_write_set_bytes_in_last_block(handle, 1)
        try check(archive_write_open_fd(handle, descriptor))
    }

    /// Writes an ISO 9660 file system to `descriptor`, which the caller must close.
    init(volume label: String, descriptor: Int32, name: String) throws(ArchiveError) {
        self.name = name
        handle = archive_write_new()
        archive_write_set_format_iso9660(handle)
        try check(archive_write_set_format_option(handle, "iso9660", "volume-id", label))
        try check(archive_write_open_fd(handle, descriptor))
    }

    private init(stream form: Packing.Compression, level: Int) throws(ArchiveError) {
        name = "\(form)"
        handle = archive_write_new()
        archive_write_set_format_raw(handle)
        switch form {
        case .zstd: try addZstdFilter(level)
        case .gzip: try addGzipFilter(level)
        }
        archive_write_set_bytes_per_block(handle, 0)
        archive_write_set_bytes_in_last_block(handle, 1)
    }

    deinit {
        archive_write_free(handle)
    }

    /// Compresses `bytes`, without a name and a time, in linear time.
    static func frame(of bytes: [UInt8], _ form: Packing.Compression, level: Int) throws(ArchiveError) -> [UInt8] {
        let writer = try ArchiveWriter(stream: form, level: level)
        // The compressed form is at most this much longer than its contents (ZSTD_COMPRESSBOUND, plus headers).
        let bound = bytes.count + bytes.count / 128 + 1024
        var failure: ArchiveError?
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            do throws(ArchiveError) {
                count = try writer.compress(bytes, into: buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return frame
    }

    private func compress(_ bytes: [UInt8], into buffer: UnsafeMutableBufferPointer<UInt8>) throws(ArchiveError) -> Int
    {
        let used = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        defer { used.deallocate() }
        try check(archive_write_open_memory(handle, buffer.baseAddress, buffer.count, used))
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        archive_entry_set_filetype(entry, FileType.regular)
        try check(archive_write_header(handle, entry))
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { archive_write_data(handle, $0.baseAddress, $0.count) }
            guard count > 0 else { throw problem() }
            rest = rest.dropFirst(count)
        }
        try check(archive_write_close(handle))
        return used.pointee
    }

    /// Begins a member; the contents of a file must follow by `write`.
    func add(_ member: ArchiveEntry) throws(ArchiveError) {
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        member.path.withCString { archive_entry_set_pathname(entry, $0) }
        archive_entry_set_perm(entry, mode_t(member.permissions))
        archive_entry_set_mtime(entry, time_t(member.modified), 0)
        archive_entry_set_uid(entry, la_int64_t(member.owner.user))
        archive_entry_set_gid(entry, la_int64_t(member.owner.group))
        archive_entry_set_size(entry, la_int64_t(member.size))
        switch member.kind {
        case .file: archive_entry_set_filetype(entry, FileType.regular)
        case .directory: archive_entry_set_filetype(entry, FileType.directory)
        case .symbolicLink(let target):
            archive_entry_set_filetype(entry, FileType.symbolicLink)
            target.withCString { archive_entry_set_symlink(entry, $0) }
        case .hardLink(let target):
            archive_entry_set_filetype(entry, FileType.regular)
            target.withCString { archive_entry_set_hardlink(entry, $0) }
        case .special:
            throw ArchiveError(
                .specialFile, archive: name, member: member.path.description, detail: "not a file, directory or link")
        }
        try check(archive_write_header(handle, entry))
    }

    /// Adds to the contents of the member begun last.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = archive_write_data(handle, rest.baseAddress, rest.count)
            guard count > 0 else { throw problem() }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes the rest. Without this call the archive is incomplete.
    func finish() throws(ArchiveError) {
        try check(archive_write_close(handle))
    }

    private func addZstdFilter(_ level: Int) throws(ArchiveError) {
        try check(archive_write_add_filter_zstd(handle))
        try check(archive_write_set_filter_option(handle, "zstd", "compression-level", String(level)))
    }

    /// The archive has no timestamp, so that equal contents give equal bytes.
    private func addGzipFilter(_ level: Int) throws(ArchiveError) {
        try check(archive_write_add_filter_gzip(handle))
        try check(archive_write_set_filter_option(handle, "gzip", "compression-level", String(level)))
        try check(archive_write_set_filter_option(handle, "gzip", "timestamp", nil))
    }

    private func check(_ status: Int32) throws(ArchiveError) {
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw problem() }
    }

    private func problem() -> ArchiveError {
        ArchiveError(.system, archive: name, detail: message(of: handle))
    }
}

/// Extended attributes, which Swift's import of the C library lacks.
enum ExtendedAttribute {
    /// The first byte of the value of `name`, if it has exactly one.
    static func byte(_ name: String, of descriptor: Int32) -> UInt8? {
        var value: UInt8 = 0
        return fgetxattr(descriptor, name, &value, 1) == 1 ? value : nil
    }

    /// Whether the file at `path`, or the link itself, has an attribute `name`.
    static func exists(_ name: String, at path: UnsafePointer<CChar>) -> Bool { lgetxattr(path, name, nil, 0) >= 0 }

    /// The maximum number of attributes of a member.
    static let countLimit = 64
    /// The maximum size of a value in bytes: the kernel's limit.
    static let sizeLimit = 1 << 16

    /// Whether an attribute in an archive may be set: capabilities of programs, and attributes of users except those
    /// that overlayfs interprets.
    static func isPortable(_ name: String) -> Bool {
        name == "security.capability" || name.hasPrefix("user.") && !name.hasPrefix("user.overlay.")
    }

    /// Sets the attributes that the file system and the kind of the file allow.
    static func set(_ attributes: [String: [UInt8]], of descriptor: Int32) {
        for (name, value) in attributes { _ = fsetxattr(descriptor, name, value, value.count, 0) }
    }

    static func set(_ name: String, to value: UInt8, of descriptor: Int32) -> Bool {
        withUnsafePointer(to: value) { fsetxattr(descriptor, name, $0, 1, 0) == 0 }
    }
}
