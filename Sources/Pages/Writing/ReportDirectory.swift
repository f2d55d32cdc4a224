internal import Core
internal import Glibc
internal import System

/// The directory of a report, with a note about the inputs of its files.
///
/// The note is in the cache, so that the directory contains only the report. A file is unchanged if it still has the
/// inode, size and times in the note. Files are not synced to disk; a crash of the machine may damage them, so notes
/// from before the last boot are ignored.
///
/// - SeeAlso: `docs/decisions/0321-inputs-of-pages.md`
final class ReportDirectory {
    private typealias Files = FileSystem<SystemError>

    private struct Entry {
        var input: Digest
        var stamp: FileStamp
    }

    private let root: String
    private let name: String
    private let notes: DerivedFiles?
    private let earlier: [String: Entry]
    private var entries: [String: Entry] = [:]
    /// Whether the note differs from the earlier one.
    private var hasChanged = false
    private(set) var written = 0
    private var made: Set<String> = []

    /// - Parameter cache: The directory of notes; nil to keep none.
    init(_ directory: String, of deployment: String, cache: String?) {
        root = directory.isEmpty ? "." : directory
        // The absolute path is known only if the directory exists. If it cannot be created, writing the first file
        // fails.
        try? Files.makeDirectories(root)
        name = Digest(of: "\(absolute(root))\n\(deployment)").hex
        notes = cache.map {
            DerivedFiles(in: "\($0)/reports", format: "ciso report 2", suffix: ".report", capacity: 16)
        }
        earlier = notes?.read(name) { Self.entries(in: $0) } ?? [:]
    }

    /// Writes a file unless the directory has it with this content.
    ///
    /// - Parameters:
    ///   - input: The digest of the inputs of its content.
    ///   - content: Makes the content; called unless an earlier report made the file from the same inputs and it is
    ///     unchanged since. Returns nil if there is no such file.
    func write(_ path: String, from input: Digest, _ content: () throws -> [UInt8]?) throws {
        let file = "\(root)/\(path)"
        if let entry = earlier[path], entry.input == input, Self.stamp(of: file) == entry.stamp {
            entries[path] = entry
            return
        }
        guard let content = try content() else { return }
        let isCreated = try write(content, to: file)
        hasChanged = true
        // The stamp of a link does not change when its target does.
        if isCreated || FileStatus(file)?.isFile == true, let stamp = Self.stamp(of: file) {
            entries[path] = Entry(input: input, stamp: stamp)
        }
    }

    private static func stamp(of file: String) -> FileStamp? { try? Files.stamp(of: file, followingLinks: false) }

    /// - Returns: Whether the file was created.
    private func write(_ content: [UInt8], to file: String) throws(Failure) -> Bool {
        do throws(SystemError) {
            if let parent = parentDirectory(of: file), made.insert(parent).inserted {
                try Files.makeDirectories(parent)
            }
            let isCreated = try Self.create(file, content)
            if !isCreated {
                if Self.hasContent(content, at: file) { return false }
                try Files.replace(file, with: content, durability: .none)
            }
            written += 1
            return isCreated
        } catch {
            throw Failure(
                .unavailable, "cannot write '\(file)': \(error.reason)",
                hint: "choose a directory that can be written and has space")
        }
    }

    /// Creates a file unless its name is taken. Nothing refers to it yet, so no temporary name is needed until it is
    /// complete.
    ///
    /// - Returns: Whether the file was created.
    private static func create(_ path: String, _ content: [UInt8]) throws(SystemError) -> Bool {
        let file: Files.File
        do throws(SystemError) {
            file = try Files.File(path, O_RDWR | O_CREAT | O_EXCL)
        } catch  where error.code == EEXIST {
            return false
        }
        do throws(SystemError) {
            try file.write(content, at: 0)
        } catch {
            unlink(path)
            throw error
        }
        return true
    }

    /// Whether a file has this content.
    private static func hasContent(_ content: [UInt8], at path: String) -> Bool {
        guard let file = try? Files.File.ifPresent(path) else { return false }
        return file.size == content.count && (try? file.read(content.count)) == content
    }

    /// Removes unchanged files of the earlier report that this one does not have, and stores the note.
    func finish() {
        for (path, entry) in earlier where entries[path] == nil {
            let file = "\(root)/\(path)"
            hasChanged = true
            guard Self.stamp(of: file) == entry.stamp, unlink(file) == 0 else { continue }
            written += 1
            var directory = path
            while let parent = parentDirectory(of: directory), rmdir("\(root)/\(parent)") == 0 { directory = parent }
        }
        if hasChanged { notes?.keep(Self.bytes(of: entries), as: name) }
    }
}

/// The note: the boot of the machine, the number of files, and each file's path, inputs and stamp.
extension ReportDirectory {
    private static var boot: String { contents(of: "/proc/sys/kernel/random/boot_id") ?? "" }

    private static func bytes(of entries: [String: Entry]) -> [UInt8] {
        var note = FlatWriter()
        note.write(boot)
        note.write([Int32(entries.count)])
        for (path, entry) in entries {
            note.write(path)
            note.write(entry.input.hex)
            note.write(entry.stamp.numbers)
        }
        return note.bytes
    }

    /// The entries of a note; nil if the machine was booted since.
    private static func entries(in note: UnsafeRawBufferPointer) -> [String: Entry]? {
        var note = FlatReader(bytes: note)
        guard note.text() == boot, let count = note.numbers()?.first else { return nil }
        var entries: [String: Entry] = [:]
        for _ in 0..<max(0, count) {
            guard let path = note.text(), let input = note.text().flatMap({ Digest(hex: $0) }),
                let numbers = note.array(of: UInt64.self)
            else { return nil }
            entries[path] = Entry(input: input, stamp: FileStamp(numbers: numbers))
        }
        return entries
    }
}
