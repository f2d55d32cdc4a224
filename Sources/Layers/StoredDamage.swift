import Archive
public import Core
import Glibc
import Supervision
import System

/// Something that a worker keeps and that is not as it was made.
public struct StoredDamage: Hashable, Sendable {
    /// What and where it is, and what is wrong.
    public var message: String
    /// What a repair does about it.
    public var repair: String
}

extension LayerStore {
    /// The archives by the layers that they are of, and the paths of files that are none.
    public func listArchives() -> (layers: [Digest: String], others: [String]) {
        var (layers, others): ([Digest: String], [String]) = ([:], [])
        for shard in names(in: archives) where shard != "incoming" {
            for name in names(in: "\(archives)/\(shard)") {
                let file = "\(archives)/\(shard)/\(name)"
                if let digest = Digest(hex: name), object(digest) == file {
                    layers[digest] = file
                } else {
                    others.append(file)
                }
            }
        }
        return (layers, others)
    }

    /// Reads all archives.
    ///
    /// - Parameter repair: removes what is damaged, so that it is made again.
    /// - Complexity: O(bytes of all archives).
    public func verifyArchives(repair: Bool) -> [StoredDamage] {
        let (layers, others) = listArchives()
        let damaged = layers.filter { (try? isWhole($0.key)) != true }
        let problems =
            damaged.map { ($0.value, "the archive of layer \($0.key), does not have the digest of its name") }
            + others.map { ($0, "is not the archive of a layer") }
        return problems.sorted { $0.0 < $1.0 }.map { file, problem in
            if repair { removeTree(file) }
            return StoredDamage(message: "'\(file)', \(problem)", repair: "remove it, so that it is made again")
        }
    }

    /// Compares all unpacked layers with their states, and those of another state with their archives: a copy has another
    /// state. One whose archive is nowhere is left: it is unpacked again before it is used.
    ///
    /// - Parameters:
    ///   - others: stores of the same directory that have other archives.
    ///   - repair: removes what is damaged, so that it is unpacked again. No sandbox may be using it.
    /// - Returns: how many unpacked layers there are, and what is damaged.
    /// - Complexity: O(entries of all directories), and O(bytes of those of another state).
    public func verify(with others: [LayerStore] = [], repair: Bool) throws(Failure) -> (
        layers: Int, damage: [StoredDamage]
    ) {
        var damage: [StoredDamage] = []
        for digest in unpackedLayers where state(ofUnpacked: digest) == nil {
            guard try !isSound(digest, with: others) else { continue }
            damage.append(
                StoredDamage(
                    message: "'\(directory)/\(digest)', a layer unpacked, was changed since",
                    repair: "remove it, so that it is unpacked again"))
            if repair { try discard(digest) }
        }
        return (unpackedLayers.count, damage)
    }

    private func isSound(_ digest: Digest, with others: [LayerStore]) throws(Failure) -> Bool {
        for store in [self] + others {
            if let isEqual = try store.isEqualToArchive(unpacked: digest) { return isEqual }
        }
        return true
    }
}

extension EnvironmentStore {
    /// Compares all root file systems with their state when they were made.
    ///
    /// - Parameter repair: removes those that were changed, so that they are made again. No sandbox may be using them.
    /// - Complexity: O(entries); of those whose metadata differ also O(bytes).
    public func verify(repair: Bool) throws(Failure) -> (environments: Int, damage: [StoredDamage]) {
        var damage: [StoredDamage] = []
        for digest in digests where try !isIntact(digest) {
            damage.append(
                StoredDamage(
                    message: "'\(directory)/\(digest)', a root file system, was changed since it was made",
                    repair: "remove it, so that it is made again"))
            if repair { try discard(digest) }
        }
        return (digests.count, damage)
    }
}
