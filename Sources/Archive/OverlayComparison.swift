import Glibc
import System

/// Finds the files of lower directories that an overlay's upper directory changes, replaces, hides or removes.
///
/// Lower directories may contain whiteouts and opaque directories: only files that are visible from above count. Equal
/// contents with equal permissions are not a change, nor are different times and owners, and recreated directories.
public struct OverlayComparison: Sendable {
    /// The kinds of changes.
    public enum Change: String, Hashable, Sendable {
        case contents = "changed"
        case permissions = "permissions changed"
        case kind = "replaced"
        case removed
    }

    /// A path that differs, and its change.
    public struct Difference: Hashable, Sendable {
        /// The path relative to the directories.
        public var path: FilePath
        /// The index of the lower directory that contains the file.
        public var lower: Int
        /// The kind of the change.
        public var change: Change
    }

    private let upper: Path
    private let lowers: [LowerPath]
    private let excluded: Set<Path>
    private let limit: Int

    /// - Parameters:
    ///   - upper: the upper directory of the overlay; need not exist.
    ///   - lowers: the lower directories, topmost first; missing ones count as empty.
    ///   - excluded: paths to skip with everything below them.
    ///   - limit: the number of differences at which the search ends.
    public init(upper: String, lowers: [String], excluding excluded: Set<String> = [], limit: Int = 10_000) {
        self.upper = Path(upper)
        self.lowers = lowers.enumerated().map { LowerPath(path: Path($1), lower: $0) }
        self.excluded = Set(excluded.map { Path($0) })
        self.limit = limit
    }

    /// The differences in the order of the upper directory's entries.
    ///
    /// - Complexity: O(changes × lower directories that have the changed directory).
    public func differences() -> [Difference] {
        var found: [Difference] = []
        var merged: [LowerPath] = []
        for lower in lowers where Status(of: lower.path)?.isDirectory == true {
            merged.append(lower)
            if lower.path.isOpaque { break }
        }
        compare(Path(""), upper, merged, isHiding: false, into: &found)
        return found
    }

    /// - Parameter isHiding: whether a directory above is opaque: overlayfs does not mark directories in it again.
    private func compare(
        _ relative: Path, _ directory: Path, _ lowers: [LowerPath], isHiding: Bool, into found: inout [Difference]
    ) {
        guard !lowers.isEmpty, let names = directory.entries() else { return }
        let isHiding = isHiding || directory.isOpaque
        for name in names where found.count < limit {
            let path = relative + name
            guard !excluded.contains(path), let status = Status(of: directory + name) else { continue }
            let below = visible(name, in: lowers)
            switch (status.isDirectory, below) {
            case (_, .nothing): break
            case (true, .directories(let hidden)):
                if let topmost = hidden.first, let old = Status(of: topmost.path), old.locksOut(status) {
                    add(path, topmost.lower, .permissions, into: &found)
                }
                compare(path, directory + name, hidden, isHiding: isHiding, into: &found)
            case (true, .other(let hidden, _)): add(path, hidden.lower, .kind, into: &found)
            case (false, .directories(let hidden)): removeAll(path, hidden, into: &found)
            case (false, .other(let hidden, let old)):
                if let change = change(from: hidden.path, old, to: directory + name, status) {
                    add(path, hidden.lower, change, into: &found)
                }
            }
        }
        guard isHiding else { return }
        let kept = Set(names)
        for name in visibleNames(in: lowers) where !kept.contains(name) {
            remove(relative + name, visible(name, in: lowers), into: &found)
        }
    }

    private func add(_ path: Path, _ lower: Int, _ change: Change, into found: inout [Difference]) {
        guard found.count < limit, !excluded.contains(path) else { return }
        found.append(Difference(path: path.filePath, lower: lower, change: change))
    }

    private func change(from old: Path, _ before: Status, to new: Path, _ now: Status) -> Change? {
        if now.isWhiteout { return .removed }
        guard before.kind == now.kind else { return .kind }
        if now.isLink { return old.target() == new.target() ? nil : .contents }
        guard now.isFile else { return nil }
        guard before.size == now.size, old.hasContents(of: new) else { return .contents }
        return before.permissions == now.permissions ? nil : .permissions
    }

    // MARK: The merged view of the lower directories

    private struct LowerPath: Sendable {
        var path: Path
        /// The index of the lower directory that contains it.
        var lower: Int
    }

    /// What an overlay of the lower directories shows under a name.
    private enum Visible {
        case nothing
        case directories([LowerPath])
        case other(LowerPath, Status)
    }

    private func visible(_ name: Path, in lowers: [LowerPath]) -> Visible {
        var directories: [LowerPath] = []
        for lower in lowers {
            let entry = LowerPath(path: lower.path + name, lower: lower.lower)
            guard let status = Status(of: entry.path) else { continue }
            if status.isWhiteout { break }
            guard status.isDirectory else {
                if directories.isEmpty { return .other(entry, status) }
                break
            }
            directories.append(entry)
            if entry.path.isOpaque { break }
        }
        return directories.isEmpty ? .nothing : .directories(directories)
    }

    private func visibleNames(in lowers: [LowerPath]) -> [Path] {
        var names: Set<Path> = []
        for lower in lowers { names.formUnion(lower.path.entries() ?? []) }
        return Array(names)
    }

    private func remove(_ path: Path, _ below: Visible, into found: inout [Difference]) {
        switch below {
        case .nothing: break
        case .other(let entry, _): add(path, entry.lower, .removed, into: &found)
        case .directories(let directories): removeAll(path, directories, into: &found)
        }
    }

    private func removeAll(_ path: Path, _ lowers: [LowerPath], into found: inout [Difference]) {
        guard found.count < limit, !excluded.contains(path) else { return }
        for name in visibleNames(in: lowers) {
            remove(path + name, visible(name, in: lowers), into: &found)
        }
    }
}

extension OverlayComparison {
    /// The result of `lstat`.
    fileprivate struct Status {
        private let raw: stat

        init?(of path: Path) {
            var raw = stat()
            guard lstat(path.bytes, &raw) == 0 else { return nil }
            self.raw = raw
        }

        var kind: mode_t { raw.st_mode & S_IFMT }
        var isDirectory: Bool { kind == S_IFDIR }
        var isFile: Bool { kind == S_IFREG }
        var isLink: Bool { kind == S_IFLNK }
        var isWhiteout: Bool { Whiteout.isWhiteout(raw) }
        var size: Int { Int(raw.st_size) }
        var permissions: mode_t { raw.st_mode & 0o777 }

        /// Whether the owner has lost permissions on a directory with this status.
        func locksOut(_ later: Status) -> Bool {
            permissions & 0o500 & ~later.permissions != 0
        }
    }

    /// A path as bytes, which need not be valid UTF-8.
    fileprivate struct Path: Hashable, Sendable {
        /// The bytes, zero-terminated.
        let bytes: [CChar]

        init(_ text: String) {
            bytes = Array(text.utf8CString)
        }

        private init(bytes: [CChar]) {
            self.bytes = bytes
        }

        static func + (directory: Path, name: Path) -> Path {
            if directory.bytes.count == 1 { return name }
            return Path(bytes: directory.bytes.dropLast() + [CChar(UInt8(ascii: "/"))] + name.bytes)
        }

        var filePath: FilePath { FilePath(bytes: bytes.dropLast().map { UInt8(bitPattern: $0) }) }

        /// The sorted names in a directory; nil if it is not a directory.
        func entries() -> [Path]? {
            guard var stream = DirectoryStream(bytes, in: AT_FDCWD) else { return nil }
            var names: [Path] = []
            while let name = stream.next() {
                names.append(Path(bytes: Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))))
            }
            return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        }

        var isOpaque: Bool {
            let descriptor = open(bytes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            return Whiteout.isOpaque(directory: descriptor)
        }

        func target() -> [CChar] {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            let count = readlink(bytes, &buffer, buffer.count)
            return Array(buffer.prefix(max(0, count)))
        }

        /// Whether two files have the same contents; false if one cannot be read.
        func hasContents(of other: Path) -> Bool {
            let first = open(bytes, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            defer { if first >= 0 { close(first) } }
            let second = open(other.bytes, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            defer { if second >= 0 { close(second) } }
            guard first >= 0, second >= 0 else { return false }
            var (left, right) = ([UInt8](repeating: 0, count: 1 << 16), [UInt8](repeating: 0, count: 1 << 16))
            while true {
                let count = fill(&left, from: first)
                guard count >= 0, fill(&right, from: second) == count, left[..<count] == right[..<count] else {
                    return false
                }
                if count == 0 { return true }
            }
        }

        private func fill(_ buffer: inout [UInt8], from descriptor: Int32) -> Int {
            var filled = 0
            while filled < buffer.count {
                let count = buffer[filled...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
                guard count >= 0 else { return -1 }
                if count == 0 { break }
                filled += count
            }
            return filled
        }
    }
}
