internal import Foundation
internal import Store

/// The encoding of a value in etcd: a line `OWNER NONCE` followed by the value's bytes. OWNER is `-` for a value
/// without an owner.
struct EtcdValue {
    var owner: String?
    /// Identifies one write, so that a writer whose response was lost can recognize its own value.
    var nonce: String
    var bytes: [UInt8]

    init(_ bytes: [UInt8], owner: String?) {
        self.owner = owner
        self.bytes = bytes
        nonce = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Decodes a value; nil if another program wrote something else under the key.
    init?(_ data: Data) {
        guard let end = data.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = String(decoding: data[..<end], as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count == 2 else { return nil }
        owner = words[0] == "-" ? nil : words[0]
        nonce = words[1]
        bytes = Array(data[data.index(after: end)...])
    }

    var data: Data { Data("\(owner ?? "-") \(nonce)\n".utf8 + bytes) }
}

/// The mapping between paths of values and keys of etcd.
struct EtcdKeys: Sendable {
    let root: String

    func key(of path: StorePath) -> Data { Data("\(root)\(path)".utf8) }

    /// The path of a key; nil if the key is not a path, or not one below `prefix`.
    func path(of key: Data, below prefix: StorePath?) -> StorePath? {
        let text = String(decoding: key, as: UTF8.self)
        guard text.hasPrefix(root), let path = try? StorePath(text.dropFirst(root.count)), self.key(of: path) == key
        else { return nil }
        return prefix.map { path.isInside($0) } ?? true ? path : nil
    }

    /// A key range that contains `prefix` and all keys below it. It also contains keys that sort between `PREFIX` and
    /// `PREFIX/`, which the caller must skip.
    func range(below prefix: StorePath?) -> (first: Data, end: Data) {
        guard let prefix else {
            var end = Data(root.utf8)
            end[end.endIndex - 1] += 1
            return (Data(root.utf8), end)
        }
        return (key(of: prefix), Data("\(root)\(prefix)0".utf8))
    }
}

extension EphemeralValue {
    /// A value of another program has all its bytes. Its owner is its lease, if it has one.
    init?(_ pair: EtcdMessages.KeyValue) {
        guard let version = pair.mod_revision.flatMap(UInt64.init) else { return nil }
        let data = pair.value ?? Data()
        if let value = EtcdValue(data) {
            // Without a lease, there is no owner that could end, whatever the value says.
            let owner = pair.lease == nil ? nil : value.owner
            self.init(bytes: value.bytes, version: version, owner: owner)
        } else {
            self.init(bytes: Array(data), version: version, owner: pair.lease.map { "lease.\($0)" })
        }
    }
}
