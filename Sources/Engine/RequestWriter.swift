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
    /// Of the jobs that requests have named: a job is an input of many, and copying one takes longer than the search.
    private var facts: [Digest: JobFacts] = [:]
    /// The blobs with jobs, and for each job the number of the one that has it.
    private var jobBlobs: [Digest] = []
    private var jobs: [Digest: Int] = [:]
    /// The requests of the bundle that is written next, with their documents.
    private var pending: [(request: ExecutionRequest, document: [UInt8])] = []
    /// Whether a blob of these was stored before, and may be damaged.
    private var isPendingRepeated = false
    /// The number of open requests of each bundle.
    private var open: [Digest: Int] = [:]
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

    /// Where a worker finds a request.
    enum Location {
        /// In the memory of this process.
        case process
        /// In a bundle with others, which `writeBundle` writes.
        case bundle
        /// In a blob of its own.
        case own
    }

    /// Prepares the request to run a job.
    ///
    /// - Parameters:
    ///   - isRepeated: Whether an attempt failed, possibly because of a damaged blob.
    ///   - location: Where the worker looks for the request.
    /// - Returns: What its assignment says: the name of the request. For a bundle also its number in it, from 0.
    /// - Throws: `Failure` if the layer of an input is missing; any error of the blob store.
    mutating func request(
        _ id: Digest, _ parameters: Parameters, isRepeated: Bool = false, in location: Location = .bundle
    ) throws -> (name: Digest, part: Int?) {
        if isRepeated { (stored, jobBlobs, jobs, mayBeDamaged) = ([:], [], [:], true) }
        defer { mayBeDamaged = false }
        let request = try make(id, parameters)
        switch location {
        case .process where processBlobs != nil:
            return (processBlobs?.hold(request) ?? request.identity, nil)
        case .process, .own: return (try put(request), nil)
        case .bundle:
            isPendingRepeated = isPendingRepeated || isRepeated
            let document = request.document
            pending.append((request, document))
            return (Digest(of: document), pending.count - 1)
        }
    }

    /// A blob with several requests.
    struct Bundle {
        var digest: Digest
        /// The ranges of the requests in it.
        var parts: [Range<Int>]
    }

    /// Writes the bundle of the requests that were prepared for it since the last one.
    ///
    /// - Returns: nil if there were none.
    /// - Throws: Any error of the blob store. Then there is no bundle of these requests.
    mutating func writeBundle() throws -> Bundle? {
        if pending.isEmpty { return nil }
        mayBeDamaged = isPendingRepeated
        let requests = pending
        defer { (pending, isPendingRepeated, mayBeDamaged) = ([], false, false) }
        let blobs = try jobBlobs(of: requests.map(\.request))
        var bundle = RequestBundle()
        for ((_, document), numbers) in zip(requests, blobs) {
            bundle.add(document, jobs: numbers.map { jobBlobs[$0] })
        }
        let digest = try self.blobs.put(bundle.bytes, durably: false)
        stored[digest] = .now
        open[digest, default: 0] += requests.count
        return Bundle(digest: digest, parts: bundle.ranges)
    }

    /// For each request the numbers of the blobs with the jobs that it names. Jobs that are in none are put into a new
    /// one.
    private mutating func jobBlobs(of requests: [ExecutionRequest]) throws -> [[Int]] {
        var (new, areStored) = ([UInt8](), [Int: Bool]())
        let next = jobBlobs.count
        let blobs = try requests.map { request in
            var used: Set<Int> = []
            for id in request.inputs.lazy.map(\.job) + [request.job] {
                if let number = jobs[id] {
                    let isThere = number == next || areStored[number] ?? isStored(jobBlobs[number])
                    areStored[number] = isThere
                    if isThere {
                        used.insert(number)
                        continue
                    }
                }
                new += try job(id).document
                jobs[id] = next
                used.insert(next)
            }
            return used.sorted()
        }
        guard !new.isEmpty else { return blobs }
        do {
            jobBlobs.append(try put(new))
        } catch {
            jobs = jobs.filter { $0.value != next }
            throw error
        }
        return blobs
    }

    /// Stores again what a worker needs to run a job that a former dispatcher assigned.
    ///
    /// - Parameter hasBegun: Whether a worker has the request already.
    /// - Returns: Whether it is the same request, and is there.
    mutating func renew(
        _ assignment: JobAssignment, _ id: Digest, _ parameters: Parameters, hasBegun: Bool
    ) throws -> Bool {
        let (request, name) = (try make(id, parameters), assignment.request)
        // A former dispatcher's own worker had it under its identity, and has ended with it.
        if assignment.bundle == nil, name == request.identity { return true }
        guard name == Digest(of: request.document) else { return false }
        guard assignment.bundle != nil else { return try put(request) == name }
        return try hasBegun || renewBundle(of: assignment)
    }

    /// Stores a bundle again, and the jobs that an assigned request in it names; false if one of them is missing.
    private mutating func renewBundle(of assignment: JobAssignment) throws -> Bool {
        guard let bundle = assignment.bundle, let offset = assignment.offset, let size = assignment.size,
            let bytes = try blobs.bytes(of: bundle), offset >= 0, size >= 0, offset <= bytes.count - size,
            let found = RequestBundle.read(Array(bytes[offset..<(offset + size)]))
        else { return false }
        for object in found.jobs where !isStored(object) {
            guard let jobs = try blobs.bytes(of: object) else { return false }
            try put(jobs)
        }
        try put(bytes)
        return true
    }

    /// Counts the request of an assignment that was taken over.
    mutating func adopt(_ assignment: JobAssignment) {
        if let bundle = assignment.bundle { open[bundle, default: 0] += 1 }
    }

    private mutating func make(_ id: Digest, _ parameters: Parameters) throws -> ExecutionRequest {
        let own = try facts(of: id)
        var inputs: [ExecutionRequest.Input] = []
        for input in try Job.inputOrder(of: own.inputs, inputs: { try facts(of: $0).inputs }) {
            guard let layer = parameters.layers[input] else {
                throw Failure(.unavailable, "the layer of job \(input) is missing")
            }
            inputs.append(.init(job: input, layer: layer, files: try object(for: facts(of: input))))
        }
        var request = ExecutionRequest(
            deployment: plan.deployment, job: id, files: try object(for: own), inputs: inputs, base: parameters.base,
            target: try object(for: parameters.target))
        request.confirmations = parameters.confirmations > 0 ? parameters.confirmations : nil
        return request
    }

    /// What requests say of a job.
    private struct JobFacts {
        var inputs: [Digest]
        /// The digest of its package's files.
        var opam: Digest
    }

    private mutating func facts(of id: Digest) throws(Failure) -> JobFacts {
        if let known = facts[id] { return known }
        let job = try job(id)
        let new = JobFacts(inputs: job.inputs, opam: job.opam)
        facts[id] = new
        return new
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

    private mutating func object(for job: JobFacts) throws -> Digest {
        if let known = files[job.opam], isStored(known) { return known }
        let object = try put(read(job.opam).document)
        files[job.opam] = object
        return object
    }

    /// Removes a request that no worker needs any more: of a bundle, with the last of its requests.
    mutating func drop(_ request: Digest, in bundle: Digest?) {
        if let bundle {
            open[bundle, default: 1] -= 1
            guard open[bundle] == 0 else { return }
            open[bundle] = nil
        }
        let request = bundle ?? request
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
