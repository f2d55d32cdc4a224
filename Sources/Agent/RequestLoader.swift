internal import Core
internal import Model
internal import RunnerInterface
internal import Store
internal import Synchronization

/// Reads job requests from the blob store. Jobs and package files that several requests share are read once.
final class RequestLoader: Sendable {
    private struct Known {
        var jobs: [Digest: Job] = [:]
        var files: [Digest: PackageFiles] = [:]
        var targets: [Digest: Plan.Target] = [:]
    }

    /// The number of cached entries at which the cache is cleared.
    private static let limit = 10_000

    private let blobs: any BlobStore
    private let own: (any ProcessRequests)?
    private let known = Mutex(Known())

    init(_ blobs: any BlobStore) {
        self.blobs = blobs
        own = blobs as? any ProcessRequests
    }

    /// The request with the given digest, and the digest that identifies its input layers.
    ///
    /// - Throws: `Failure` of the category `unavailable` if a part of the request is missing or damaged.
    func load(_ digest: Digest) throws -> (request: JobRequest, base: Digest?) {
        let stored = try own?.request(digest) ?? read(digest)
        let inputs = try stored.inputs.map { input in
            JobRequest.Input(
                id: input.job, job: try job(input.job), layer: input.layer, files: try files(input.files))
        }
        var request = JobRequest(
            id: stored.job, job: try job(stored.job), files: try files(stored.files), inputs: inputs,
            target: try target(stored.target))
        request.confirmations = min(max(0, stored.confirmations ?? 0), 9)
        return (request, stored.base)
    }

    private func read(_ digest: Digest) throws -> ExecutionRequest {
        guard let stored = ExecutionRequest(document: try bytes(digest, "the request")) else {
            throw Failure(.unavailable, "the request \(digest) has an unknown format; another version of ciso wrote it")
        }
        return stored
    }

    private func job(_ id: Digest) throws -> Job {
        if let job = own?.job(id) { return job }
        if let job = known.withLock({ $0.jobs[id] }) { return job }
        let bytes = try bytes(id, "the job")
        let job = try Job.read(bytes) ?? CanonicalJSON.decode(Job.self, from: bytes)
        known.withLock { known in
            if known.jobs.count >= Self.limit { known.jobs = [:] }
            known.jobs[id] = job
        }
        return job
    }

    private func files(_ digest: Digest) throws -> PackageFiles {
        if let files = known.withLock({ $0.files[digest] }) { return files }
        let files = try PackageFiles(document: bytes(digest, "the files"))
        known.withLock { known in
            if known.files.count >= Self.limit { known.files = [:] }
            known.files[digest] = files
        }
        return files
    }

    private func target(_ digest: Digest) throws -> Plan.Target {
        if let target = known.withLock({ $0.targets[digest] }) { return target }
        let target = try CanonicalJSON.decode(Plan.Target.self, from: bytes(digest, "the target"))
        known.withLock { $0.targets[digest] = target }
        return target
    }

    private func bytes(_ digest: Digest, _ name: String) throws -> [UInt8] {
        guard let bytes = try blobs.bytes(of: digest) else {
            throw Failure(
                .unavailable, "\(name) \(digest) that was assigned is not among the store's objects",
                hint: "another attempt stores it again")
        }
        return bytes
    }
}
