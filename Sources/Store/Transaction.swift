internal import Core
internal import Git

/// An atomic set of reads and writes. Valid only within the closure that receives it.
///
/// Reads see the branch at the beginning of the transaction, and its own writes. Only what was read and written is
/// compared at the end, so that changes by others elsewhere do not conflict.
///
/// - SeeAlso: `docs/decisions/0032-read-conflicts.md`
public final class Transaction {
    struct Write: Sendable {
        /// The new contents; nil if the document is removed.
        let contents: [UInt8]?
        let merge: (@Sendable (_ base: [UInt8]?, _ ours: [UInt8], _ theirs: [UInt8]) -> [UInt8]?)?
    }

    /// The state of the branch at the beginning of the transaction.
    public let base: Snapshot
    /// Replaces the message given at the start, for messages that depend on what is read. Nil to keep it.
    public var message: String?
    private let prefixes: [StorePath]?
    private(set) var reads: [StorePath: ObjectID?] = [:]
    private(set) var writes: [StorePath: Write] = [:]

    init(base: Snapshot, prefixes: [StorePath]?) {
        self.base = base
        self.prefixes = prefixes
    }

    /// The contents of the document at `path`; nil if there is none.
    public func bytes(at path: StorePath) throws -> [UInt8]? {
        if let write = writes[path] { return write.contents }
        guard let (id, bytes) = try base.document(at: path) else {
            note(path, nil)
            return nil
        }
        note(path, id)
        return bytes
    }

    /// The value at `path`; nil if there is none.
    ///
    /// - Throws: `StoreError` of kind `invalidValue` if the document cannot be decoded.
    public func value<Value: Decodable>(_ type: Value.Type = Value.self, at path: StorePath) throws -> Value? {
        try bytes(at: path).map { try decode(type, $0, at: path) }
    }

    /// The value at a typed path; nil if there is none.
    public func value<Value>(at path: TypedPath<Value>) throws -> Value? {
        try value(Value.self, at: path.path)
    }

    /// Whether a document exists at `path`.
    public func exists(_ path: StorePath) throws -> Bool {
        if let write = writes[path] { return write.contents != nil }
        let id = try base.id(at: path)
        note(path, id)
        return id != nil
    }

    /// The names in a directory at the beginning of the transaction. Any change below it by others is a conflict.
    public func list(_ path: StorePath) throws -> [Snapshot.Entry] {
        let (id, entries) = try base.directory(at: path)
        note(path, id)
        return entries
    }

    /// Sets the document at `path` to `bytes`.
    ///
    /// - Throws: `StoreError` of kind `outsidePrefix` if the writer declared prefixes and `path` is outside of them.
    public func write(bytes: [UInt8], to path: StorePath) throws {
        try confine(path)
        writes[path] = Write(contents: bytes, merge: nil)
    }

    /// Sets the document at `path` to `value`, as canonical JSON.
    public func write(_ value: some Encodable, to path: StorePath) throws {
        try write(bytes: [UInt8](CanonicalJSON.encode(value)), to: path)
    }

    /// Sets the document at a typed path to `value`, as canonical JSON.
    public func write<Value>(_ value: Value, to path: TypedPath<Value>) throws {
        try write(value, to: path.path)
    }

    /// Sets the document at a typed path to `value`; if others changed it too, `merge` combines both values.
    public func write<Value: SendableMetatype>(
        _ value: Value, to path: TypedPath<Value>, merging merge: ValueMerge<Value>
    ) throws {
        try confine(path.path)
        let place = path.path
        let bytes = [UInt8](try CanonicalJSON.encode(value))
        writes[place] = Write(contents: bytes) { base, ours, theirs in
            guard let ours = try? decode(Value.self, ours, at: place),
                let theirs = try? decode(Value.self, theirs, at: place),
                let merged = merge.merge(base.flatMap { try? decode(Value.self, $0, at: place) }, ours, theirs)
            else { return nil }
            return (try? CanonicalJSON.encode(merged)).map { [UInt8]($0) }
        }
        // The value depends on what was read, but the merge can update it.
        reads[place] = nil
    }

    /// Removes the document at `path` if it exists.
    public func remove(_ path: StorePath) throws {
        try confine(path)
        writes[path] = Write(contents: nil, merge: nil)
    }

    private func note(_ path: StorePath, _ id: ObjectID?) {
        if reads[path] == nil { reads.updateValue(id, forKey: path) }
    }

    private func confine(_ path: StorePath) throws(StoreError) {
        guard let prefixes, !prefixes.contains(where: { path.isInside($0) }) else { return }
        throw StoreError(
            .outsidePrefix, "'\(path)' is outside of \(prefixes.map { "'\($0)'" }.joined(separator: ", "))",
            hint: "this writer declared these prefixes")
    }
}
