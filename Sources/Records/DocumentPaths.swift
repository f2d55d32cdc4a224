internal import Core
internal import Git
internal import Store

/// Which documents a set has, as a number that can be updated: equal sets have equal values, and different ones have
/// different values except by chance.
struct DocumentPaths: Equatable, Sendable {
    private(set) var count = 0
    private var sum: UInt64 = 0

    init() {}

    init(_ paths: some Sequence<String>) { for path in paths { insert(path) } }

    /// - Parameter path: A path that is not in the set.
    mutating func insert(_ path: String) {
        count += 1
        sum &+= Self.hash(path)
    }

    /// - Parameter path: A path in the set.
    mutating func remove(_ path: String) {
        count -= 1
        sum &-= Self.hash(path)
    }

    /// FNV-1a (Fowler, Noll, Vo), mixed once, because sums of values with equal beginnings must differ.
    private static func hash(_ path: String) -> UInt64 {
        var path = path
        let hash = path.withUTF8 { bytes in
            bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
        let (high, low) = (hash ^ hash >> 32).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return high ^ low
    }

    var text: String { "\(count) \(sum)" }

    init?(text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 2, let count = Int(words[0]), let sum = UInt64(words[1]) else { return nil }
        (self.count, self.sum) = (count, sum)
    }
}

/// The documents that a branch of results had at a commit, kept in a file of the store. The trees of the branch are
/// many and small, so that reading all of them takes longer than reading the results.
///
/// - SeeAlso: `docs/decisions/0325-known-document-paths.md`
struct KnownDocumentPaths {
    private let store: Store
    private let files: DerivedFiles
    private let name: String

    /// Nil if the store has no place for the file: it is a plain clone.
    init?(of branch: ResultBranch, in store: Store) {
        guard let directory = store.indexDirectory else { return nil }
        self.store = store
        files = DerivedFiles(in: directory, format: "ciso paths 1", suffix: ".paths", capacity: 256)
        name = "\(Digest(of: branch.name).hex.prefix(16))"
    }

    /// The documents in a snapshot of the branch, except those of its index, without reading all of its trees; nil if
    /// nothing is known about an earlier commit, or that commit is damaged.
    ///
    /// - Complexity: O(differences between that commit and the snapshot)
    func paths(in snapshot: Snapshot) -> DocumentPaths? {
        let known = files.read(name) { bytes -> (commit: ObjectID, paths: DocumentPaths)? in
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            guard lines.count == 2, let commit = ObjectID(hex: String(lines[0])) else { return nil }
            return DocumentPaths(text: lines[1]).map { (commit, $0) }
        }
        guard let known, let old = try? store.snapshot(at: known.commit) else { return nil }
        var paths = known.paths
        let isSound: Void? = try? Snapshot.differences(from: old, to: snapshot) { path, old, new in
            guard path.components.first != ResultBranch.index else { return }
            if old == nil { paths.insert(path.description) }
            if new == nil { paths.remove(path.description) }
        }
        return isSound.map { paths }
    }

    /// Stores the documents in a snapshot of the branch.
    func keep(_ paths: DocumentPaths, in snapshot: Snapshot) {
        guard let commit = snapshot.commit else { return }
        files.keep(Array("\(commit)\n\(paths.text)\n".utf8), as: name)
    }
}
