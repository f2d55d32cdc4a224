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

    /// The parameters of a request.
    struct Parameters {
        /// The layers of all jobs that the job depends on.
        var layers: [Digest: Digest]
        /// The digest that identifies the layers of its inputs.
        var base: Digest?
        var target: Plan.Target
        /// How often the job is repeated to confirm a failure.
        var confirmations = 0
    }

    /// Stores the request to run a job.
    ///
    /// - Parameters:
    ///   - isRepeated: Whether an attempt failed, possibly because of a damaged blob.
    ///   - staysInProcess: Whether only this process's worker gets the request.
    /// - Returns: The digest under which that worker, or any other one, finds the request.
    /// - Throws: `Failure` if the layer of an input is missing; any error of the blob store.
    mutating func request(
        _ id: Digest, _ parameters: Parameters, isRepeated: Bool = false, staysInProcess: Bool = false
    ) throws -> Digest {
        if isRepeated { (stored, mayBeDamaged) = ([:], true) }
        defer { mayBeDamaged = false }
        let request = try make(id, parameters)
        if staysInProcess, let processBlobs { return processBlobs.hold(request) }
        return try put(request)
    }

    /// Stores the request again under which a former dispatcher assigned a job.
    ///
    /// - Returns: Whether it is the same request.
    mutating func renew(_ digest: Digest, _ id: Digest, _ parameters: Parameters) throws -> Bool {
        let request = try make(id, parameters)
        // A former dispatcher's own worker had it under its identity, and has ended with it.
        if digest == request.identity { return true }
        return try digest == Digest(of: request.document) && digest == put(request)
    }

    private mutating func make(_ id: Digest, _ parameters: Parameters) throws -> ExecutionRequest {
        let own = try job(id)
        var inputs: [ExecutionRequest.Input] = []
        for input in try Job.inputOrder(of: own.inputs, inputs: { try job($0).inputs }) {
            guard let layer = parameters.layers[input] else {
                throw Failure(.unavailable, "the layer of job \(input) is missing")
            }
            inputs.append(.init(job: input, layer: layer, files: try object(for: job(input))))
        }
        var request = ExecutionRequest(
            deployment: plan.deployment, job: id, files: try object(for: own), inputs: inputs, base: parameters.base,
            target: try object(for: parameters.target))
        request.confirmations = parameters.confirmations > 0 ? parameters.confirmations : nil
        return request
    }

    private func job(_ id: Digest) throws(Failure) -> Job {
        guard let job = plan.jobs[id] else { throw Failure(.unavailable, "the plan has no job \(id)") }
        return job
    }

    /// Stores a request and the jobs that it names.
    private mutating func put(_ request: ExecutionRequest) throws -> Digest {
        for input in request.inputs { try store(input.job, job(input.job)) }
        try store(request.job, job(request.job))
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
