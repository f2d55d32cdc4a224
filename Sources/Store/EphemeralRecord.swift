internal import Core
internal import Git

/// A change of ephemeral values in their log, which is applied completely or not at all.
///
/// `CHECKSUM LENGTH`, of fixed width, then a line `VERSION BOOT` and the operations: `+ VERSION EXPIRY OWNER SIZE PATH`
/// and the value to set one, `- PATH` to remove one. A missing expiry or owner is written as `-`.
struct EphemeralRecord: Sendable {
    /// A value in the log.
    struct Entry: Sendable {
        var value: EphemeralValue
        /// The expiry time in milliseconds since the machine's start; nil if it does not expire.
        var expiry: Int?
    }

    enum Operation: Sendable {
        case set(StorePath, Entry)
        case remove(StorePath)

        var path: StorePath {
            switch self {
            case .set(let path, _), .remove(let path): path
            }
        }
    }

    /// The version of the newest change of any value.
    var version: UInt64
    var operations: [Operation]

    private static let headSize = 20

    /// The bytes of the record.
    ///
    /// - Parameter boot: identifies the current boot of the machine.
    func bytes(boot: String) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(1024)
        payload += "\(version) \(boot)\n".utf8
        for operation in operations {
            switch operation {
            case .remove(let path): payload += "- \(path)\n".utf8
            case .set(let path, let entry):
                let (value, expiry) = (entry.value, entry.expiry.map(String.init) ?? "-")
                payload += "+ \(value.version) \(expiry) \(value.owner ?? "-") \(value.bytes.count) \(path)\n".utf8
                payload += value.bytes
                payload.append(UInt8(ascii: "\n"))
            }
        }
        return Self.head(payload[...]) + payload
    }

    private static func head(_ payload: ArraySlice<UInt8>) -> [UInt8] {
        let checksum = crc32(Array(payload))
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32($0))) }
        let length = String(payload.count)
        return Array(hexadecimal(bytes).utf8) + [UInt8(ascii: " ")]
            + [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 10 - length.utf8.count)) + length.utf8
            + [UInt8(ascii: "\n")]
    }

    /// Parses the record at `start`; nil if it is missing or incomplete.
    ///
    /// - Parameter boot: identifies the current boot of the machine; values of an earlier boot with an owner or an
    ///   expiry are dropped.
    /// - Returns: the record and its end.
    static func read(_ bytes: [UInt8], at start: Int, boot: String) -> (record: EphemeralRecord, end: Int)? {
        let contents = start + headSize
        guard contents <= bytes.count,
            let length = Int(String(decoding: bytes[(start + 9)..<(contents - 1)], as: UTF8.self)), length >= 0,
            length <= bytes.count - contents
        else { return nil }
        let payload = bytes[contents..<(contents + length)]
        guard Array(bytes[start..<contents]) == head(payload) else { return nil }
        var reader = Reader(rest: payload)
        guard let head = reader.words(2), let version = UInt64(head[0]) else { return nil }
        var record = EphemeralRecord(version: version, operations: [])
        while !reader.rest.isEmpty {
            guard let operation = reader.operation(isOfThisBoot: head[1] == boot) else { return nil }
            record.operations.append(operation)
        }
        return (record, contents + length)
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        /// The words of the next line, the last of which may contain spaces.
        mutating func words(_ count: Int) -> [String]? {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let words = rest[..<end].split(separator: UInt8(ascii: " "), maxSplits: count - 1)
            rest = rest[(end + 1)...]
            return words.count == count ? words.map { String(decoding: $0, as: UTF8.self) } : nil
        }

        mutating func operation(isOfThisBoot: Bool) -> Operation? {
            let kind = rest.first
            rest = rest.dropFirst(2)
            if kind == UInt8(ascii: "-") {
                return words(1).flatMap { try? StorePath($0[0]) }.map { .remove($0) }
            }
            guard kind == UInt8(ascii: "+"), let words = words(5), let version = UInt64(words[0]),
                let size = Int(words[3]), size >= 0, size < rest.count, let path = try? StorePath(words[4])
            else { return nil }
            let value = EphemeralValue(
                bytes: Array(rest.prefix(size)), version: version, owner: words[2] == "-" ? nil : words[2])
            rest = rest.dropFirst(size + 1)
            let entry = Entry(value: value, expiry: Int(words[1]))
            let isBound = value.owner != nil || entry.expiry != nil
            return isOfThisBoot || !isBound ? .set(path, entry) : .remove(path)
        }
    }
}
