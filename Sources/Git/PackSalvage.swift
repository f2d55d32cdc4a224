internal import Core
internal import Glibc
internal import System

/// Reads the intact entries of a pack that is damaged or has lost its index.
package struct PackSalvage {
    /// An entry that could be read.
    private struct Entry {
        let id: ObjectID
        let type: ObjectType
        let offset: Int
        let end: Int
    }

    private static let start = 12
    private static let chainLimit = 4_096
    private let base: String
    private let pack: [UInt8]
    /// The sorted offsets in the index; empty if it cannot be read.
    private let offsets: [Int]
    /// The ids in the index by offset; empty if there is no index.
    private let names: [Int: ObjectID]
    private let offsetOfObject: [ObjectID: Int]
    /// Reads objects outside of the pack, which may be bases of its deltas.
    private let outside: (ObjectID) -> (ObjectType, [UInt8])?

    /// - Parameter base: the path of the pack without extension. Nil if the pack does not exist.
    package init?(base: String, outside: @escaping (ObjectID) -> (ObjectType, [UInt8])?) {
        guard let pack = System.bytes(of: "\(base).pack") else { return nil }
        self.base = base
        self.pack = pack
        self.outside = outside
        let entries = PackIndex(base: base)?.entries ?? []
        names = Dictionary(entries.map { ($0.offset, $0.id) }, uniquingKeysWith: { $1 })
        offsetOfObject = Dictionary(entries.map { ($0.id, $0.offset) }, uniquingKeysWith: { $1 })
        offsets = names.keys.sorted()
    }

    /// Whether the checksum at the end of the pack matches.
    package var isIntact: Bool {
        guard pack.count >= 32 else { return false }
        var digest = MessageDigest(.sha1)
        digest.update(pack.dropLast(20))
        return digest.finishBytes() == Array(pack.suffix(20))
    }

    /// Writes the index of an intact pack.
    ///
    /// - Returns: false if an entry of the pack cannot be read.
    package func writeIndex() throws(GitError) -> Bool {
        let found = scan()
        guard found.last?.end == pack.count - 20, found.count == expectedCount else { return false }
        let entries = found.map {
            PackIndex.Entry(id: $0.id, offset: $0.offset, checksum: crc32(Array(pack[$0.offset..<$0.end])))
        }
        let bytes = PackIndex.bytes(of: entries.sorted { $0.id < $1.id }, packTrailer: Array(pack.suffix(20)))
        try inRepository(base) { () throws(SystemError) in
            try Files.replace("\(base).idx", with: bytes, mode: 0o444, durability: Durability.contents)
        }
        return true
    }

    /// Writes a new pack with every readable object.
    ///
    /// - Parameter objects: the directory of objects.
    /// - Returns: the number of objects.
    package func rewrite(into objects: String) throws -> Int {
        let readable = names.isEmpty ? scan() : byIndex()
        guard !readable.isEmpty else { return 0 }
        let writer = try PackWriter(objects: objects, count: readable.count)
        for entry in readable {
            guard let object = object(at: entry.offset, 0) else { continue }
            try writer.add(entry.id, object.type, object.bytes)
        }
        _ = try writer.finish()
        return readable.count
    }

    private var expectedCount: Int {
        pack.count < Self.start ? 0 : pack[8..<12].reduce(0) { $0 << 8 | Int($1) }
    }

    // MARK: Finding entries

    /// Reads the entries from the first to the first damaged one.
    private func scan() -> [Entry] {
        var found: [Entry] = []
        var seen: Set<ObjectID> = []
        var offset = Self.start
        while offset < pack.count - 20, let header = header(at: offset),
            let part = inflatePrefix(pack[header.data...]), let object = object(at: offset, 0)
        {
            let id = ObjectID(hashing: object.type, object.bytes)
            let end = header.data + part.consumed
            if seen.insert(id).inserted { found.append(Entry(id: id, type: object.type, offset: offset, end: end)) }
            offset = end
        }
        return found
    }

    private func byIndex() -> [Entry] {
        var seen: Set<ObjectID> = []
        return offsets.compactMap { offset in
            guard let object = object(at: offset, 0) else { return nil }
            let id = ObjectID(hashing: object.type, object.bytes)
            return names[offset] == id && seen.insert(id).inserted
                ? Entry(id: id, type: object.type, offset: offset, end: offset) : nil
        }
    }

    // MARK: Reading entries

    private enum Base {
        case none(ObjectType)
        case offset(Int)
        case object(ObjectID)
    }

    private func header(at start: Int) -> (base: Base, data: Int)? {
        var at = start
        func byte() -> Int? {
            guard at >= 0, at < pack.count else { return nil }
            defer { at += 1 }
            return Int(pack[at])
        }
        guard var next = byte() else { return nil }
        let kind = next >> 4 & 7
        while next & 0x80 != 0 {
            guard let more = byte() else { return nil }
            next = more
        }
        switch kind {
        case 1: return (.none(.commit), at)
        case 2: return (.none(.tree), at)
        case 3: return (.none(.blob), at)
        case 4: return (.none(.tag), at)
        case 6:
            guard var next = byte() else { return nil }
            var distance = next & 0x7f
            while next & 0x80 != 0 {
                guard let more = byte(), distance < 1 << 48 else { return nil }
                next = more
                distance = (distance + 1) << 7 | next & 0x7f
            }
            return (.offset(start - distance), at)
        case 7:
            guard at + 20 <= pack.count, let id = ObjectID(bytes: pack[at..<at + 20]) else { return nil }
            return (.object(id), at + 20)
        default: return nil
        }
    }

    private func object(at offset: Int, _ depth: Int) -> (type: ObjectType, bytes: [UInt8])? {
        guard offset >= Self.start, depth < Self.chainLimit, let header = header(at: offset),
            let part = inflatePrefix(pack[header.data...])
        else { return nil }
        let base: (type: ObjectType, bytes: [UInt8])?
        switch header.base {
        case .none(let type): return (type, part.output)
        case .offset(let start): base = start < offset ? object(at: start, depth + 1) : nil
        case .object(let id):
            base = offsetOfObject[id].flatMap { object(at: $0, depth + 1) } ?? outside(id).map { ($0.0, $0.1) }
        }
        return base.flatMap { base in Delta.apply(part.output, to: base.bytes).map { (base.type, $0) } }
    }
}
