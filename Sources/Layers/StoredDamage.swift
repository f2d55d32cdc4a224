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
    /// Reads all archives, and compares all unpacked directories with their states.
    ///
    /// - Parameter repair: removes what is damaged: layers are made again by the jobs that need them, directories are
    ///   unpacked again. No sandbox may be using them.
    /// - Returns: how many archives there are, and what is damaged.
    /// - Complexity: O(bytes of all archives + entries of all directories).
    public func verify(repair: Bool) throws(Failure) -> (layers: Int, damage: [StoredDamage]) {
        var damage: [StoredDamage] = []
        let archives = names(in: "\(directory)/objects").flatMap { shard in
            names(in: "\(directory)/objects/\(shard)").map { (shard: shard, name: $0) }
        }
        for archive in archives {
            let file = "\(directory)/objects/\(archive.shard)/\(archive.name)"
            let digest = Digest(hex: String(archive.name.prefix { $0 != "." }))
            let problem: String
            if let digest, object(digest) == file {
                if (try? isWhole(digest)) == true { continue }
                problem = "the archive of layer \(digest), does not have the digest of its name"
            } else {
                problem = "is no archive of a layer"
            }
            damage.append(StoredDamage(message: "'\(file)', \(problem)", repair: "remove it, so that it is made again"))
            if repair { removeTree(file) }
        }
        for name in names(in: "\(directory)/states") {
            guard let digest = Digest(hex: name), access("\(directory)/\(name)", F_OK) == 0,
                state(ofUnpacked: digest) == nil
            else { continue }
            damage.append(
                StoredDamage(
                    message: "'\(directory)/\(digest)', a layer unpacked, was changed since",
                    repair: "remove it, so that it is unpacked again"))
            if repair { try discard(digest) }
        }
        return (archives.count, damage)
    }
}

extension EnvironmentStore {
    /// Compares all root file systems with what they were like when they were made.
    ///
    /// - Parameter repair: removes those that were changed, so that they are made again. No sandbox may be using them.
    /// - Complexity: O(entries); of those whose metadata differ also O(bytes).
    public func verify(repair: Bool) throws(Failure) -> (environments: Int, damage: [StoredDamage]) {
        let digests = names(in: directory).compactMap { Digest(hex: $0) }
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
