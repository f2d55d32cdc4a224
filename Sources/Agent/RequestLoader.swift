internal import Core
internal import Model
internal import RunnerInterface
internal import Store
internal import Synchronization

/// Reads job requests from the blob store. Jobs and package files that several requests share are read once.
final class RequestLoader: Sendable {
    private struct Known {
        var jobs: [Digest: Job] = [:]
        /// The documents of jobs that no request has named so far, from objects that have been read.
        var documents: [Digest: ArraySlice<UInt8>] = [:]
        /// The objects with those documents.
        var objects: Set<Digest> = []
        /// Bundles of requests that could not be read in part, the newest last.
        var bundles: [(digest: Digest, bytes: [UInt8])] = []
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

    /// The request of an assignment, and the digest that identifies its input layers.
    ///
    /// - Throws: `Failure` of the category `unavailable` if a part of the request is missing or damaged.
    func load(_ assignment: JobAssignment) throws -> (request: JobRequest, base: Digest?) {
        let (stored, objects) = try own?.request(assignment.request).map { ($0, []) } ?? read(assignment)
        let inputs = try stored.inputs.map { input in
            JobRequest.Input(
                id: input.job, job: try job(input.job, objects), layer: input.layer, files: try files(input.files))
        }
        var request = JobRequest(
            id: stored.job, job: try job(stored.job, objects), files: try files(stored.files), inputs: inputs,
            target: try target(stored.target))
        request.confirmations = min(max(0, stored.confirmations ?? 0), 9)
        return (request, stored.base)
    }

    /// The request of an assignment, and the objects with the jobs that it names.
    private func read(_ assignment: JobAssignment) throws -> (ExecutionRequest, jobs: [Digest]) {
        let name = assignment.request
        if let bundle = assignment.bundle, let offset = assignment.offset, let size = assignment.size {
            let found = RequestBundle.read(try part(offset, size, of: bundle))
            if let found, Digest(of: found.document) == name, let stored = ExecutionRequest(document: found.document) {
                return (stored, found.jobs)
            }
        } else if let stored = ExecutionRequest(document: try bytes(name, "the request")) {
            return (stored, [])
        }
        throw Failure(
            .unavailable, "the request \(name) is damaged or has an unknown format",
            hint: "another version of ciso may have written it")
    }

    /// A part of a bundle. Of one that can only be read as a whole, such as one on another machine, all requests are
    /// read together.
    private func part(_ offset: Int, _ size: Int, of bundle: Digest) throws -> [UInt8] {
        let end = offset.addingReportingOverflow(size)
        guard offset >= 0, size >= 0, !end.overflow else { return [] }
        if let part = try blobs.part(offset..<end.partialValue, of: bundle) { return part }
        let known = known.withLock { $0.bundles.first { $0.digest == bundle }?.bytes }
        let bytes = try known ?? bytes(bundle, "the bundle of requests")
        if known == nil { self.known.withLock { $0.bundles = $0.bundles.suffix(3) + [(bundle, bytes)] } }
        return Array(bytes[min(offset, bytes.count)..<min(end.partialValue, bytes.count)])
    }

    /// - Parameter objects: Objects that contain jobs; a job that is in none of them is an object of its own.
    private func job(_ id: Digest, _ objects: [Digest]) throws -> Job {
        if let job = own?.job(id) { return job }
        let (known, read) = known.withLock { ($0.jobs[id], $0.documents[id]) }
        if let known { return known }
        let document = try read ?? document(id, objects) ?? bytes(id, "the job")[...]
        let job = try Job.read(Array(document)) ?? CanonicalJSON.decode(Job.self, from: Array(document))
        self.known.withLock { known in
            if known.jobs.count >= Self.limit { known.jobs = [:] }
            known.jobs[id] = job
            known.documents[id] = nil
        }
        return job
    }

    /// The document of a job in one of the objects, those first that have not been read.
    private func document(_ id: Digest, _ objects: [Digest]) throws -> ArraySlice<UInt8>? {
        let read = known.withLock(\.objects)
        for object in objects.reversed().filter({ !read.contains($0) }) + objects.filter(read.contains) {
            let parts = RequestBundle.documents(in: try bytes(object, "the jobs"))
            let documents = parts.map { (id: Digest(of: Array($0)), document: $0) }
            known.withLock { known in
                if known.documents.count >= Self.limit { (known.documents, known.objects) = ([:], []) }
                for (id, document) in documents where known.jobs[id] == nil { known.documents[id] = document }
                known.objects.insert(object)
            }
            if let found = documents.first(where: { $0.id == id }) { return found.document }
        }
        return nil
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
