internal import Core
internal import Model
internal import Store
internal import Synchronization

/// The blob store of a process that dispatches and works: what it hands to its own worker stays in memory.
///
/// Nobody reads that after the process has ended: its worker has ended with it.
final class ProcessBlobs: BlobStore {
    private let shared: any BlobStore
    private let plan: Plan
    private let held = Mutex<[Digest: [UInt8]]>([:])
    /// What was put for others.
    private let stored = Mutex<Set<Digest>>([])

    init(_ shared: any BlobStore, _ plan: Plan) {
        self.shared = shared
        self.plan = plan
    }

    /// Keeps contents in memory until they are dropped.
    func hold(_ bytes: [UInt8]) -> Digest {
        let digest = Digest(of: bytes)
        held.withLock { $0[digest] = bytes }
        return digest
    }

    func put(_ bytes: [UInt8], durably: Bool) throws -> Digest {
        let digest = try shared.put(bytes, durably: durably)
        stored.withLock { _ = $0.insert(digest) }
        return digest
    }

    func bytes(of digest: Digest) throws -> [UInt8]? {
        if let bytes = held.withLock({ $0[digest] }) ?? plan.jobs[digest]?.document { return bytes }
        return try shared.bytes(of: digest)
    }

    func remove(_ digest: Digest) throws {
        let wasHeld = held.withLock { $0.removeValue(forKey: digest) != nil }
        // Another worker may have been given the same.
        let wasStored = stored.withLock { $0.remove(digest) != nil }
        if wasStored || !wasHeld { try shared.remove(digest) }
    }
}
