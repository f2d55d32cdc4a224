internal import Core
internal import Foundation
internal import System

/// A cache of values that are determined by their keys, in files named after the keys.
///
/// Damaged files, and files written by another build of the program, are ignored.
struct CachedValues: Sendable {
    /// The number of files that are kept; the oldest are removed.
    private static let capacity = 2_000
    /// The maximum size of a file that is read, in bytes.
    private static let sizeLimit = 64 << 20

    /// The directory of the files.
    let directory: String
    /// Whether nothing is written.
    let isReadOnly: Bool

    private struct Identity<Key: Encodable>: Encodable {
        let program: String
        let key: Key
    }

    /// The value for `key`: the cached one, or the result of `make`, which is then cached.
    func value<Value: Codable & Sendable>(
        for key: some Encodable, _ make: () async throws -> Value
    ) async throws -> Value {
        if let known: Value = try value(for: key) { return known }
        let value = try await make()
        try keep(value, for: key)
        return value
    }

    /// The cached value for `key`; nil if there is none.
    func value<Value: Decodable>(for key: some Encodable) throws -> Value? { read(try file(for: key)) }

    /// Stores the value for `key`. If that fails, it is computed again the next time.
    func keep(_ value: some Encodable, for key: some Encodable) throws {
        if !isReadOnly { write([UInt8](try CanonicalJSON.encode(value)), to: try file(for: key)) }
    }

    private func file(for key: some Encodable) throws -> String {
        "\(directory)/\(try CanonicalJSON.digest(of: Identity(program: DerivedFiles.program, key: key)))"
    }

    private func read<Value: Decodable>(_ file: String) -> Value? {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: file)), bytes.count <= Self.sizeLimit,
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let payload = bytes[bytes.index(after: end)...]
        guard bytes[..<end].elementsEqual(Digest(of: [UInt8](payload)).hex.utf8) else { return nil }
        return try? CanonicalJSON.decode(Value.self, from: Data(payload))
    }

    private func write(_ payload: [UInt8], to file: String) {
        let head = Array("\(Digest(of: payload).hex)\n".utf8)
        do throws(Failure) {
            try Files.makeDirectories(directory)
            try Files.replace(file, with: head + payload, durability: .none)
        } catch {
            return
        }
        let names = names(in: directory)
        if names.count > Self.capacity { Files.removeOldest(of: names, in: directory, keeping: Self.capacity / 2) }
    }
}
