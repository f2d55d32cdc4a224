internal import Glibc
internal import System

/// A string table: each text is stored once and identified by a small number. The first texts may be memory-mapped from
/// a file.
///
/// The text 0 is empty.
struct InternedTexts: Sendable {
    typealias ID = UInt32

    /// The texts in a file, in three of its sections.
    private struct Base: @unchecked Sendable {
        let file: MappedFile
        let bytes: UnsafeRawBufferPointer
        /// The end offset of each text; the first one begins at 0.
        let ends: UnsafeBufferPointer<UInt32>
        let slots: UnsafeBufferPointer<ID>
    }

    private var base: Base?
    private let baseCount: Int
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []
    /// An open-addressing hash table of added texts, as 1-based indexes; 0 marks an empty slot.
    private var slots = [ID](repeating: 0, count: 1024)

    /// Creates a table with only the empty text.
    init() {
        baseCount = 0
        _ = intern("")
    }

    /// Reads the sections of a file; nil if they are inconsistent.
    init?(_ file: MappedFile, _ sections: [UnsafeRawBufferPointer]) {
        guard sections.count == 3 else { return nil }
        let (ends, slots) = (sections[1].bindMemory(to: UInt32.self), sections[2].bindMemory(to: ID.self))
        guard ends.count > 0, slots.count > ends.count, slots.count & (slots.count - 1) == 0,
            Int(ends[ends.count - 1]) == sections[0].count
        else { return nil }
        base = Base(file: file, bytes: sections[0], ends: ends, slots: slots)
        baseCount = ends.count
    }

    /// The number of texts.
    var count: Int { baseCount + ends.count }

    // MARK: Reading

    /// Calls `body` with the bytes of a text.
    func withBytes<Result>(_ id: ID, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let position = Int(id)
        if let base, position < baseCount {
            let start = position == 0 ? 0 : Int(base.ends[position - 1])
            return try body(UnsafeRawBufferPointer(rebasing: base.bytes[start..<max(start, Int(base.ends[position]))]))
        }
        let own = position - baseCount
        guard own < ends.count else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let start = own == 0 ? 0 : Int(ends[own - 1])
        return try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<Int(ends[own])])) }
    }

    /// A text.
    subscript(id: ID) -> String { withBytes(id) { String(decoding: $0, as: UTF8.self) } }

    /// A text; nil for the empty one.
    func text(_ id: ID) -> String? { id == 0 ? nil : self[id] }

    /// The number of a text; nil if the table does not have it.
    func id(of text: String) -> ID? {
        var text = text
        return text.withUTF8 { id(of: UnsafeRawBufferPointer($0)) }
    }

    /// The number of a text; nil if the table does not have it.
    func id(of text: UnsafeRawBufferPointer) -> ID? {
        let hash = Self.hash(text)
        return baseID(of: text, hash) ?? ownID(of: text, hash).found
    }

    private func baseID(of text: UnsafeRawBufferPointer, _ hash: UInt64) -> ID? {
        guard let base else { return nil }
        let mask = base.slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while base.slots[slot] != 0 {
            let id = base.slots[slot] - 1
            if withBytes(id, { Self.areEqual($0, text) }) { return id }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func ownID(of text: UnsafeRawBufferPointer, _ hash: UInt64) -> (found: ID?, slot: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let id = slots[slot] - 1 + ID(baseCount)
            if withBytes(id, { Self.areEqual($0, text) }) { return (id, slot) }
            slot = (slot + 1) & mask
        }
        return (nil, slot)
    }

    private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        left.count == right.count && (left.count == 0 || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0)
    }

    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 { Checksum(text).value }

    /// Whether a text has the given byte.
    func contains(_ byte: UInt8, in id: ID) -> Bool {
        withBytes(id) { text in text.count > 0 && memchr(text.baseAddress!, Int32(byte), text.count) != nil }
    }

    // MARK: Adding

    /// The number of a text, which is added if it is missing.
    mutating func intern(_ text: String) -> ID {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// The number of a text, which is added if it is missing.
    mutating func intern(_ text: UnsafeRawBufferPointer) -> ID {
        let hash = Self.hash(text)
        if let known = baseID(of: text, hash) { return known }
        let (found, slot) = ownID(of: text, hash)
        if let found { return found }
        bytes.append(contentsOf: text)
        ends.append(UInt32(bytes.count))
        slots[slot] = ID(ends.count)
        if ends.count * 2 > slots.count { grow() }
        return ID(baseCount + ends.count - 1)
    }

    private mutating func grow() {
        slots = Self.slots(count: ends.count, atLeast: slots.count * 4) { position, body in
            withBytes(ID(baseCount + position), body)
        }
    }

    private static func slots(
        count: Int, atLeast size: Int, _ text: (Int, (UnsafeRawBufferPointer) -> UInt64) -> UInt64
    ) -> [ID] {
        var slots = [ID](repeating: 0, count: size)
        for position in 0..<count {
            var slot = Int(truncatingIfNeeded: text(position, hash)) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = ID(position + 1)
        }
        return slots
    }

    // MARK: Writing

    /// Calls `body` with the bytes of each section of a file with all texts.
    func forEachSection(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var all: [UInt8] = []
        if let base { all = Array(base.bytes) }
        let offset = UInt32(all.count)
        all += bytes
        try all.withUnsafeBytes { try body($0) }
        all = []
        var positions = base.map { Array($0.ends) } ?? []
        positions += ends.map { $0 + offset }
        try positions.withUnsafeBytes { try body($0) }
        var size = 1024
        while size < positions.count * 2 { size *= 2 }
        let slots = Self.slots(count: positions.count, atLeast: size) { withBytes(ID($0), $1) }
        try slots.withUnsafeBytes { try body($0) }
    }
}
