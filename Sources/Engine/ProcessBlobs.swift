internal import Agent
internal import Core
internal import Model
internal import Store
internal import Synchronization

/// The blob store of a process that both dispatches and runs jobs: requests to its own worker stay in memory.
///
/// They are not needed after the process has ended, because its worker ends with it.
///
/// - SeeAlso: `docs/decisions/0243-requests-in-memory.md`
final class ProcessBlobs: BlobStore, ProcessRequests {
    private let shared: any BlobStore
    private let plan: Plan
    private let held = Mutex<[Digest: ExecutionRequest]>([:])
    /// The digests of blobs that were also stored for other workers.
    private let stored = Mutex<Set<Digest>>([])

    init(_ shared: any BlobStore, _ plan: Plan) {
        self.shared = shared
        self.plan = plan
    }

    /// Keeps a request in memory until it is removed.
    ///
    /// - Returns: Its identity, under which it is found here.
    func hold(_ request: ExecutionRequest) -> Digest {
        let identity = request.identity
        held.withLock { $0[identity] = request }
        return identity
    }

    func request(_ digest: Digest) -> ExecutionRequest? { held.withLock { $0[digest] } }

    func job(_ id: Digest) -> Job? { plan.jobs[id] }

    func put(_ bytes: [UInt8], durably: Bool) throws -> Digest {
        let digest = try shared.put(bytes, durably: durably)
        stored.withLock { _ = $0.insert(digest) }
        return digest
    }

    func bytes(of digest: Digest) throws -> [UInt8]? {
        if let bytes = plan.jobs[digest]?.document { return bytes }
        return try shared.bytes(of: digest)
    }

    func part(_ range: Range<Int>, of digest: Digest) throws -> [UInt8]? { try shared.part(range, of: digest) }

    func remove(_ digest: Digest) throws {
        let wasHeld = held.withLock { $0.removeValue(forKey: digest) != nil }
        // The same blob may have been stored for another worker.
        let wasStored = stored.withLock { $0.remove(digest) != nil }
        if wasStored || !wasHeld { try shared.remove(digest) }
    }
}
