internal import Core
internal import Model
internal import Store

/// Writes requests to run jobs into the blob store.
struct RequestWriter {
    private let blobs: any BlobStore
    /// The blobs of this process, if its own worker reads them.
    private let processBlobs: ProcessBlobs?
    private let plan: Plan
    private let read: @Sendable (Digest) throws -> PackageFiles
    /// The blobs of package files; most are inputs of many jobs.
    private var files: [Digest: Digest] = [:]
    private var targets: [Plan.Target: Digest] = [:]
    /// When blobs were stored; garbage collection may remove old ones.
    private var stored: [Digest: ContinuousClock.Instant] = [:]
    /// Whether an attempt failed, possibly because of a damaged blob.
    private var mayBeDamaged = false
    private static let lifetime = Duration.seconds(3600)

    init(_ blobs: any BlobStore, _ plan: Plan, files: @escaping @Sendable (Digest) throws -> PackageFiles) {
        self.blobs = blobs
        processBlobs = blobs as? ProcessBlobs
        self.plan = plan
        read = files
    }

    /// Stores the request to run a job.
    ///
    /// - Parameters:
    ///   - layers: The layers of all jobs that it depends on.
    ///   - base: The digest that identifies the layers of its inputs.
    ///   - confirmations: How often the job is repeated to confirm a failure.
    ///   - isRepeated: Whether an attempt failed, possibly because of a damaged blob.
    ///   - staysInProcess: Whether only this process's worker gets the request.
    /// - Returns: The digest of the request.
    /// - Throws: `Failure` if the layer of an input is missing; any error of the blob store.
    mutating func request(
        _ id: Digest, layers: [Digest: Digest], base: Digest?, target: Plan.Target, confirmations: Int = 0,
        isRepeated: Bool = false, staysInProcess: Bool = false
    ) throws -> Digest {
        if isRepeated { (stored, mayBeDamaged) = ([:], true) }
        defer { mayBeDamaged = false }
        let holder = staysInProcess ? processBlobs : nil
        func job(_ id: Digest) throws(Failure) -> Job {
            guard let job = plan.jobs[id] else { throw Failure(.unavailable, "the plan has no job \(id)") }
            return job
        }
        let own = try job(id)
        var inputs: [ExecutionRequest.Input] = []
        let order = try Job.inputOrder(of: own.inputs) { try job($0).inputs }
        for input in order {
            guard let layer = layers[input] else {
                throw Failure(.unavailable, "the layer of job \(input) is missing")
            }
            let built = try job(input)
            if holder == nil { try store(input, built) }
            inputs.append(.init(job: input, layer: layer, files: try object(for: built)))
        }
        if holder == nil { try store(id, own) }
        var request = ExecutionRequest(
            deployment: plan.deployment, job: id, files: try object(for: own), inputs: inputs, base: base,
            target: try object(for: target))
        request.confirmations = confirmations > 0 ? confirmations : nil
        if let holder { return holder.hold(request.document) }
        return try put(request.document)
    }

    private mutating func store(_ id: Digest, _ job: Job) throws {
        if !isStored(id) { try put(job.document) }
    }

    private mutating func object(for target: Plan.Target) throws -> Digest {
        if let known = targets[target], isStored(known) { return known }
        let object = try put([UInt8](CanonicalJSON.encode(target)))
        targets[target] = object
        return object
    }

    private mutating func object(for job: Job) throws -> Digest {
        if let known = files[job.opam], isStored(known) { return known }
        let object = try put(read(job.opam).document)
        files[job.opam] = object
        return object
    }

    /// Removes a request that no worker needs any more.
    mutating func drop(_ request: Digest) {
        stored[request] = nil
        // If that fails, garbage collection removes it.
        try? blobs.remove(request)
    }

    private func isStored(_ digest: Digest) -> Bool {
        stored[digest].map { $0.duration(to: .now) < Self.lifetime } ?? false
    }

    @discardableResult
    private mutating func put(_ document: [UInt8]) throws -> Digest {
        let digest = Digest(of: document)
        if isStored(digest) { return digest }
        if mayBeDamaged, ((try? blobs.bytes(of: digest)) ?? nil) == nil { try blobs.remove(digest) }
        stored[digest] = .now
        return try blobs.put(document, durably: false)
    }
}
