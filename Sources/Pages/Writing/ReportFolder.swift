internal import Core
internal import Glibc
internal import System

/// The directory of a report, with a note about the inputs of its files.
///
/// The note is in the cache, so that the directory contains nothing but the report. A file is what the note says if it still
/// has the same inode, size and times. The disk is not waited for: after a crash of the machine, which may damage files, the
/// note does not count.
///
/// - SeeAlso: `docs/decisions/0321-inputs-of-pages.md`
final class ReportFolder {
    private typealias Files = FileSystem<SystemError>

    private struct Entry {
        var input: Digest
        var stamp: Stamp
    }

    /// What differs for a file with other contents. The time of the last change cannot be set.
    private struct Stamp: Hashable {
        var size, seconds, nanoseconds, inode: UInt64

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else { return nil }
            (size, inode) = (UInt64(status.st_size), UInt64(status.st_ino))
            (seconds, nanoseconds) = (UInt64(status.st_ctim.tv_sec), UInt64(status.st_ctim.tv_nsec))
        }

        init?(_ numbers: [UInt64]) {
            guard numbers.count == Self.count else { return nil }
            (size, seconds, nanoseconds, inode) = (numbers[0], numbers[1], numbers[2], numbers[3])
        }

        static let count = 4
        var numbers: [UInt64] { [size, seconds, nanoseconds, inode] }
    }

    private let root: String
    private let name: String
    private let notes: DerivedFiles?
    private let earlier: [String: Entry]
    private var entries: [String: Entry] = [:]
    /// Whether the note differs from the earlier one.
    private var hasNews = false
    private(set) var written = 0
    private var made: Set<String> = []

    /// - Parameter cache: The directory of notes; nil to keep none.
    init(_ directory: String, of deployment: String, cache: String?) {
        root = directory.isEmpty ? "." : directory
        // The path of a directory that does not exist is not known; the first file fails where it cannot be made.
        try? Files.makeDirectories(root)
        name = Digest(of: "\(absolute(root))\n\(deployment)").hex
        notes = cache.map {
            DerivedFiles(in: "\($0)/reports", format: "ciso report 1", suffix: ".report", capacity: 16)
        }
        earlier = notes?.read(name) { Self.entries(in: $0) } ?? [:]
    }

    /// Writes a file where the folder does not have it with this content.
    ///
    /// - Parameters:
    ///   - input: What its content is made from.
    ///   - content: Makes the content; called if an earlier report made the file from something else, or it was changed since.
    ///     Nil if there is no such file.
    func write(_ path: String, from input: Digest, _ content: () throws -> [UInt8]?) throws {
        let file = "\(root)/\(path)"
        if let entry = earlier[path], entry.input == input, Stamp(file) == entry.stamp {
            entries[path] = entry
            return
        }
        guard let content = try content() else { return }
        try write(content, to: file)
        hasNews = true
        if let stamp = Stamp(file) { entries[path] = Entry(input: input, stamp: stamp) }
    }

    private func write(_ content: [UInt8], to file: String) throws(Failure) {
        do throws(SystemError) {
            if let parent = parentDirectory(of: file), made.insert(parent).inserted {
                try Files.makeDirectories(parent)
            }
            switch Self.holds(content, at: file) {
            case true?: return
            case false?: try Files.replace(file, with: content, durability: .none)
            case nil: try Self.create(file, content)
            }
            written += 1
        } catch {
            throw Failure(
                .unavailable, "cannot write '\(file)': \(error.reason)",
                hint: "choose a directory that can be written and has space")
        }
    }

    /// Creates a file. Nothing refers to it yet, so that it needs no other name until it is complete.
    private static func create(_ path: String, _ content: [UInt8]) throws(SystemError) {
        let file = try Files.File(path, O_RDWR | O_CREAT | O_EXCL)
        do throws(SystemError) {
            try file.write(content, at: 0)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Whether a file has this content; nil if there is no file.
    private static func holds(_ content: [UInt8], at path: String) -> Bool? {
        guard let file = try? Files.File.ifPresent(path) else { return FileStatus(path) == nil ? nil : false }
        return file.size == content.count && (try? file.read(content.count)) == content
    }

    /// Removes what the earlier report has in addition, unless it was changed, and notes the inputs of the files.
    func finish() {
        for (path, entry) in earlier where entries[path] == nil {
            let file = "\(root)/\(path)"
            hasNews = true
            guard Stamp(file) == entry.stamp, unlink(file) == 0 else { continue }
            written += 1
            var directory = path
            while let parent = parentDirectory(of: directory), rmdir("\(root)/\(parent)") == 0 { directory = parent }
        }
        if hasNews { notes?.keep(Self.bytes(of: entries), as: name) }
    }
}

/// The note: the boot of the machine, then each file's inputs, status and path.
extension ReportFolder {
    private static var boot: [UInt8] { Array((contents(of: "/proc/sys/kernel/random/boot_id") ?? "").utf8) }

    private static func bytes(of entries: [String: Entry]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 192)
        func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        func add(_ text: some Collection<UInt8>) {
            add(UInt64(text.count))
            bytes += text
        }
        add(boot)
        for (path, entry) in entries {
            add(path.utf8)
            add(entry.input.hex.utf8)
            for number in entry.stamp.numbers { add(number) }
        }
        return bytes
    }

    /// The entries of a note; nil if the machine was started since.
    private static func entries(in note: UnsafeRawBufferPointer) -> [String: Entry]? {
        var rest = note[...]
        func number() -> UInt64? {
            guard rest.count >= 8 else { return nil }
            defer { rest = rest.dropFirst(8) }
            return UInt64(
                littleEndian: UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        }
        func text() -> Slice<UnsafeRawBufferPointer>? {
            guard let count = number(), count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(Int(count)) }
            return rest.prefix(Int(count))
        }
        guard let boot = text(), boot.elementsEqual(self.boot) else { return nil }
        var entries: [String: Entry] = [:]
        while !rest.isEmpty {
            guard let path = text(), let hex = text(), let input = Digest(hex: hex) else { return nil }
            guard let stamp = Stamp((0..<Stamp.count).compactMap { _ in number() }) else { return nil }
            entries[String(decoding: path, as: UTF8.self)] = Entry(input: input, stamp: stamp)
        }
        return entries
    }
}
