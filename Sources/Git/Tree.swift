internal import Glibc

/// The type of a tree entry, by git's file modes.
public enum EntryKind: Hashable, Sendable {
    case file, executable, symbolicLink, directory, submodule

    /// The mode in octal digits, as in a tree object.
    var octal: StaticString {
        switch self {
        case .file: "100644"
        case .executable: "100755"
        case .symbolicLink: "120000"
        case .directory: "40000"
        case .submodule: "160000"
        }
    }

    /// Parses a mode, including deprecated ones of old repositories (`100664`).
    init?(mode: UInt32) {
        switch mode & 0o170000 {
        case 0o100000: self = mode & 0o100 == 0 ? .file : .executable
        case 0o120000: self = .symbolicLink
        case 0o040000: self = .directory
        case 0o160000: self = .submodule
        default: return nil
        }
    }
}

/// An entry of a directory.
public struct TreeEntry: Hashable, Sendable {
    /// The name, without slashes.
    public let name: String
    /// The type of the entry, from its mode.
    public let kind: EntryKind
    /// The id of the blob, the tree, or the submodule's commit.
    public let id: ObjectID

    public init(name: String, kind: EntryKind, id: ObjectID) {
        self.name = name
        self.kind = kind
        self.id = id
    }
}

/// A directory: the contents of a tree object, kept as bytes and parsed on demand.
public struct Tree: Hashable, Sendable {
    /// The contents of the tree object.
    public let bytes: [UInt8]
    /// The offsets of some entries, ascending, from which a search may start; empty if the directory is small or has
    /// not been marked.
    private let marks: [Int]
    /// Smaller directories are searched from their start.
    private static let markedSize = 8 << 10
    /// The distance between marks, in bytes.
    private static let markDistance = 2 << 10

    public init(bytes: [UInt8]) { self.init(bytes: bytes, marks: []) }

    private init(bytes: [UInt8], marks: [Int]) {
        (self.bytes, self.marks) = (bytes, marks)
    }

    /// This directory, in which searches are fast however large it is.
    ///
    /// - Complexity: Linear in the size of the directory. The result of `applying` one change is also marked.
    package var marked: Tree {
        if !marks.isEmpty || bytes.count < Self.markedSize { return self }
        var marks: [Int] = []
        forEachRaw { raw, _ in
            if raw.start - (marks.last ?? 0) >= Self.markDistance { marks.append(raw.start) }
            return true
        }
        return Tree(bytes: bytes, marks: marks)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    public static func == (left: Self, right: Self) -> Bool {
        left.bytes.count == right.bytes.count
            && left.bytes.withUnsafeBytes { one in
                right.bytes.withUnsafeBytes { other in
                    one.isEmpty || memcmp(one.baseAddress!, other.baseAddress!, one.count) == 0
                }
            }
    }

    /// The empty directory.
    public static let empty = Tree(bytes: [])

    /// Creates a directory of `entries`, in any order.
    public init(_ entries: some Sequence<TreeEntry>) {
        self = Tree.empty.applying(Array(Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { $1 })))
    }

    /// All entries in git's order, up to the first damaged one.
    public var entries: [TreeEntry] {
        var found: [TreeEntry] = []
        forEachRaw { raw, buffer in
            let name = String(decoding: buffer[raw.name], as: UTF8.self)
            if let kind = EntryKind(mode: raw.mode) {
                found.append(TreeEntry(name: name, kind: kind, id: raw.id(in: buffer)))
            }
            return true
        }
        return found
    }

    /// All entries in git's order with the bytes of their names, which need not be valid UTF-8, up to the first damaged
    /// one.
    public var entriesWithNames: [(name: [UInt8], kind: EntryKind, id: ObjectID)] {
        var found: [(name: [UInt8], kind: EntryKind, id: ObjectID)] = []
        forEachRaw { raw, buffer in
            if let kind = EntryKind(mode: raw.mode) {
                found.append((Array(buffer[raw.name]), kind, raw.id(in: buffer)))
            }
            return true
        }
        return found
    }

    /// The names of the subdirectories.
    ///
    /// - Complexity: Linear in the size of the directory; creates strings only for the results.
    package var directories: [String] {
        var names: [String] = []
        forEachRaw { raw, buffer in
            if raw.isDirectory { names.append(String(decoding: buffer[raw.name], as: UTF8.self)) }
            return true
        }
        return names
    }

    /// The entry with this name.
    ///
    /// - Complexity: Linear in the size of the entries before it unless the directory is marked; creates no strings.
    public func entry(named name: String) -> TreeEntry? {
        var wanted = name
        return wanted.withUTF8 { wanted in
            bytes.withUnsafeBytes { buffer in
                guard let raw = RawEntry.find(wanted, in: buffer, marks).found else { return nil }
                return EntryKind(mode: raw.mode).map { TreeEntry(name: name, kind: $0, id: raw.id(in: buffer)) }
            }
        }
    }

    /// Whether there are no entries.
    public var isEmpty: Bool { bytes.isEmpty }

    /// False if the bytes are not a tree object: an entry is truncated or has an invalid mode.
    public var isWellFormed: Bool {
        var ends = 0
        var known = true
        forEachRaw { raw, _ in
            ends = raw.end
            known = known && EntryKind(mode: raw.mode) != nil
            return true
        }
        return known && ends == bytes.count
    }

    /// This directory with some entries, each named once, replaced, or removed if nil.
    ///
    /// - Complexity: Linear in the size of the directory, plus sorting `changes`.
    public func applying(_ changes: [(key: String, value: TreeEntry?)]) -> Tree {
        if changes.count == 1, let tree = applyingOne(changes[0].key, changes[0].value) { return tree }
        var added = changes.compactMap { change in change.value.map { (key: SortKey($0), entry: $0) } }
        if added.count > 1 { added.sort { $0.key < $1.key } }
        let changedNames = NameSet(changes.map(\.key))
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + added.count * 80)
        var next = added.startIndex
        // Unchanged entries that are not copied yet: many are copied at once.
        var kept = 0..<0
        forEachRaw { raw, buffer in
            let isChanged = changedNames.contains(buffer[raw.name])
            let comesAfter = next < added.endIndex && added[next].key.sortsBefore(raw, in: buffer)
            if isChanged || comesAfter {
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[kept]))
                kept = (isChanged ? raw.end : raw.start)..<raw.end
            } else {
                kept = kept.lowerBound..<raw.end
            }
            while !isChanged, next < added.endIndex, added[next].key.sortsBefore(raw, in: buffer) {
                added[next].entry.append(to: &output)
                next += 1
            }
            return true
        }
        output.append(contentsOf: bytes[kept])
        for (_, entry) in added[next...] { entry.append(to: &output) }
        return Tree(bytes: output)
    }
}

extension Tree {
    /// Like `applying`, for one change; nil if a file becomes a directory or vice versa.
    private func applyingOne(_ name: String, _ entry: TreeEntry?) -> Tree? {
        let marks = marked.marks
        var wanted = name
        let (found, end) = wanted.withUTF8 { wanted in
            bytes.withUnsafeBytes { RawEntry.find(wanted, in: $0, marks) }
        }
        var range = end..<end
        if let found {
            guard entry.map({ ($0.kind == .directory) == found.isDirectory }) ?? true else { return nil }
            range = found.start..<found.end
        } else if let entry {
            range = bytes.withUnsafeBytes { buffer in
                let offset = SortKey(entry).insertionOffset(in: buffer, marks)
                return offset..<offset
            }
        } else {
            return self
        }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 300)
        output += bytes[..<range.lowerBound]
        entry?.append(to: &output)
        output += bytes[range.upperBound...]
        return Tree(bytes: output, marks: Self.marks(marks, afterChangeOf: range, growth: output.count - bytes.count))
    }

    /// The marks after a change of the entry in `range`, by which the directory has become larger by `growth`.
    private static func marks(_ marks: [Int], afterChangeOf range: Range<Int>, growth: Int) -> [Int] {
        let next = marks.firstIndex { $0 > range.lowerBound } ?? marks.endIndex
        let isAdded = range.isEmpty && range.lowerBound - (next == 0 ? 0 : marks[next - 1]) >= markDistance
        if growth == 0, !isAdded { return marks }
        // A removed entry may have been the last one; a mark of it would be at the end of the directory.
        let kept =
            range.isEmpty || growth > -range.count
            ? marks[..<next] : marks[..<next].filter { $0 < range.lowerBound }[...]
        return kept + (isAdded ? [range.lowerBound] : []) + marks[next...].map { $0 + growth }
    }
}

/// A set of names that is searched without creating strings.
private struct NameSet {
    private static let few = 8
    private let names: [[UInt8]]
    /// Empty if there are few names: a linear search is faster then.
    private let many: Set<[UInt8]>

    init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
        many = names.count > Self.few ? Set(self.names) : []
    }

    func contains(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        names.count > Self.few ? many.contains(Array(name)) : names.contains { matches($0, name) }
    }

    private func matches(_ known: [UInt8], _ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        known.count == name.count
            && known.withUnsafeBytes {
                memcmp($0.baseAddress!, name.base.baseAddress! + name.startIndex, $0.count) == 0
            }
    }
}

/// Git's sort key of an entry: the bytes of its name, for a directory followed by a slash.
private struct SortKey: Comparable {
    private let bytes: [UInt8]

    init(_ entry: TreeEntry) {
        bytes = Array(entry.name.utf8) + (entry.kind == .directory ? [UInt8(ascii: "/")] : [])
    }

    static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    /// The offset at which to insert this key in a directory that does not contain it.
    ///
    /// - Parameter marks: Offsets of entries from which the search may start.
    func insertionOffset(in buffer: UnsafeRawBufferPointer, _ marks: [Int]) -> Int {
        var at = RawEntry.lastMark(marks, in: buffer) { !sortsBefore($0, in: buffer) }
        while let entry = RawEntry(buffer, at: at), !sortsBefore(entry, in: buffer) { at = entry.end }
        return at
    }

    func sortsBefore(_ other: RawEntry, in buffer: UnsafeRawBufferPointer) -> Bool {
        let count = min(bytes.count, other.name.count)
        let start = bytes.withUnsafeBytes {
            memcmp($0.baseAddress!, buffer.baseAddress! + other.name.lowerBound, count)
        }
        if start != 0 { return start < 0 }
        if bytes.count > count { return bytes[count] < (other.isDirectory ? UInt8(ascii: "/") : 0) }
        return other.name.count > count || other.isDirectory
    }
}

/// An entry in a tree object.
private struct RawEntry {
    let start: Int
    let mode: UInt32
    let name: Range<Int>
    var end: Int { name.upperBound + 21 }
    var isDirectory: Bool { mode & 0o170000 == 0o040000 }

    /// Parses the entry at `start`; nil at the end, and if the bytes are invalid.
    init?(_ buffer: UnsafeRawBufferPointer, at start: Int) {
        guard start + 23 <= buffer.count else { return nil }
        var at = start
        var mode: UInt32 = 0
        while buffer[at] != UInt8(ascii: " ") {
            mode = mode << 3 | UInt32(buffer[at] & 7)
            at += 1
            guard at - start < 8 else { return nil }
        }
        at += 1
        guard let end = memchr(buffer.baseAddress! + at, 0, buffer.count - at) else { return nil }
        let nameEnd = UnsafeRawPointer(end) - buffer.baseAddress!
        guard nameEnd + 21 <= buffer.count, nameEnd > at else { return nil }
        self.start = start
        self.mode = mode
        name = at..<nameEnd
    }

    /// The entry with this name, and the offset at which the search ended: names are sorted, so it ends at a greater
    /// one.
    ///
    /// - Parameter marks: Offsets of entries from which the search may start.
    static func find(
        _ name: UnsafeBufferPointer<UInt8>, in buffer: UnsafeRawBufferPointer, _ marks: [Int]
    ) -> (found: RawEntry?, end: Int) {
        guard let wanted = name.baseAddress else { return (nil, 0) }
        func compare(_ entry: RawEntry) -> Int32 {
            memcmp(buffer.baseAddress! + entry.name.lowerBound, wanted, min(entry.name.count, name.count))
        }
        // If one name begins with the other, their order depends on their types.
        var at = lastMark(marks, in: buffer) { compare($0) < 0 }
        while let entry = RawEntry(buffer, at: at) {
            let order = compare(entry)
            if order == 0, entry.name.count == name.count { return (entry, at) }
            if order > 0 { break }
            at = entry.end
        }
        return (nil, at)
    }

    /// The last of the marks, which are ascending, whose entry fulfils a condition, as do all before it; 0 if none
    /// does.
    static func lastMark(
        _ marks: [Int], in buffer: UnsafeRawBufferPointer, where isBefore: (RawEntry) -> Bool
    ) -> Int {
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if RawEntry(buffer, at: marks[middle]).map(isBefore) == true { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : marks[low - 1]
    }

    func id(in buffer: UnsafeRawBufferPointer) -> ObjectID { ObjectID(at: buffer.baseAddress! + name.upperBound + 1) }

    func entry(in buffer: UnsafeRawBufferPointer) -> TreeEntry? {
        EntryKind(mode: mode).map {
            TreeEntry(name: String(decoding: buffer[name], as: UTF8.self), kind: $0, id: id(in: buffer))
        }
    }
}

extension Tree {
    /// Calls `body` for each entry until it returns false or the bytes are invalid.
    private func forEachRaw(_ body: (RawEntry, UnsafeRawBufferPointer) -> Bool) {
        bytes.withUnsafeBytes { buffer in
            var at = 0
            while let entry = RawEntry(buffer, at: at) {
                guard body(entry, buffer) else { return }
                at = entry.end
            }
        }
    }

    /// The entries in which `new` differs from this directory, in git's order. A file that became a directory, or vice
    /// versa, counts as two.
    ///
    /// - Complexity: Linear in the size of both; creates strings only for differences, and skips equal ranges quickly.
    package func differences(to new: Tree) -> [(old: TreeEntry?, new: TreeEntry?)] {
        var found: [(old: TreeEntry?, new: TreeEntry?)] = []
        bytes.withUnsafeBytes { before in
            new.bytes.withUnsafeBytes { after in
                var (old, new) = (0, 0)
                while true {
                    let same = RawEntry.common(before, from: old, after, from: new)
                    let left = RawEntry(before, at: old + same)
                    let right = RawEntry(after, at: new + same)
                    if left == nil, right == nil { return }
                    let order = RawEntry.order(left, before, right, after)
                    let (oldEntry, newEntry) = (order <= 0 ? left : nil, order >= 0 ? right : nil)
                    found.append((oldEntry?.entry(in: before), newEntry?.entry(in: after)))
                    old = oldEntry?.end ?? old + same
                    new = newEntry?.end ?? new + same
                }
            }
        }
        return found
    }
}

extension RawEntry {
    /// The number of bytes of whole entries that are equal in both from these positions on.
    fileprivate static func common(
        _ buffer: UnsafeRawBufferPointer, from start: Int, _ others: UnsafeRawBufferPointer, from otherStart: Int
    ) -> Int {
        let (rest, otherRest) = (buffer.count - start, others.count - otherStart)
        var equal = 0
        while equal < min(rest, otherRest) {
            let piece = min(1024, min(rest, otherRest) - equal)
            if memcmp(buffer.baseAddress! + start + equal, others.baseAddress! + otherStart + equal, piece) != 0 {
                break
            }
            equal += piece
        }
        if equal == rest, equal == otherRest { return equal }
        while equal < min(rest, otherRest), buffer[start + equal] == others[otherStart + equal] { equal += 1 }
        var end = start
        while let entry = RawEntry(buffer, at: end), entry.end - start <= equal { end = entry.end }
        return end - start
    }

    /// Git's order of two entries, 0 for equal names and types; a missing entry comes last.
    fileprivate static func order(
        _ left: RawEntry?, _ buffer: UnsafeRawBufferPointer, _ right: RawEntry?, _ others: UnsafeRawBufferPointer
    ) -> Int {
        guard let left else { return 1 }
        guard let right else { return -1 }
        let count = min(left.name.count, right.name.count)
        let start = memcmp(
            buffer.baseAddress! + left.name.lowerBound, others.baseAddress! + right.name.lowerBound, count)
        if start != 0 { return Int(start) }
        let slash = UInt8(ascii: "/")
        let a = left.name.count > count ? buffer[left.name.lowerBound + count] : (left.isDirectory ? slash : 0)
        let b = right.name.count > count ? others[right.name.lowerBound + count] : (right.isDirectory ? slash : 0)
        if a != b { return Int(a) - Int(b) }
        return left.name.count - right.name.count
    }
}

extension TreeEntry {
    fileprivate func append(to output: inout [UInt8]) {
        kind.octal.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: name.utf8)
        output.append(0)
        output.append(contentsOf: id.bytes)
    }
}
