import Archive
public import Core
import Glibc
import Supervision
import System

/// A damaged entry of a worker's cache.
public struct StoredDamage: Hashable, Sendable {
    /// The entry, its location and the problem.
    public var message: String
    /// The effect of a repair.
    public var repair: String
}

extension LayerStore {
    /// The archives by layer, and the paths of other files.
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
    /// - Parameter repair: whether to remove damaged ones, so that they are recreated.
    /// - Complexity: O(bytes of all archives).
    public func verifyArchives(repair: Bool) -> [StoredDamage] {
        let (layers, others) = listArchives()
        let damaged = layers.filter { (try? isIntact($0.key)) != true }
        let problems =
            damaged.map { ($0.value, "the archive of layer \($0.key), does not match its digest") }
            + others.map { ($0, "is not the archive of a layer") }
        return problems.sorted { $0.0 < $1.0 }.map { file, problem in
            if repair { removeTree(file) }
            return StoredDamage(message: "'\(file)', \(problem)", repair: "remove it, so that it is recreated")
        }
    }

    /// Compares all unpacked layers with their recorded states, and those that differ with their archives, since a copy
    /// has another state. One without an archive is ignored: it is unpacked again before it is used.
    ///
    /// - Parameters:
    ///   - others: stores with the same directory and other archives.
    ///   - repair: whether to remove damaged ones, so that they are unpacked again. No sandbox may be using them.
    /// - Returns: the number of unpacked layers, and the damage.
    /// - Complexity: O(entries of all directories), and O(bytes) of those in another state.
    public func verify(with others: [LayerStore] = [], repair: Bool) throws(Failure) -> (
        layers: Int, damage: [StoredDamage]
    ) {
        var damage: [StoredDamage] = []
        for digest in unpackedLayers where state(ofUnpacked: digest) == nil {
            guard try !isSound(digest, with: others) else { continue }
            damage.append(
                StoredDamage(
                    message: "'\(directory)/\(digest)', an unpacked layer, was changed",
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
    /// Compares all root file systems with their state when they were created.
    ///
    /// - Parameter repair: whether to remove changed ones, so that they are recreated. No sandbox may be using them.
    /// - Complexity: O(entries); for those whose metadata differ, also O(bytes).
    public func verify(repair: Bool) throws(Failure) -> (environments: Int, damage: [StoredDamage]) {
        var damage: [StoredDamage] = []
        for digest in digests where try !isIntact(digest) {
            damage.append(
                StoredDamage(
                    message: "'\(directory)/\(digest)', a root file system, was changed since it was created",
                    repair: "remove it, so that it is recreated"))
            if repair { try discard(digest) }
        }
        return (digests.count, damage)
    }
}
