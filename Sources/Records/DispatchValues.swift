package import Core
package import Model
package import Store

/// The ephemeral values by which dispatchers and workers work together: where each document is, and reading and writing it.
///
/// What cannot be read, because another version wrote it, counts as absent.
package struct DispatchValues: Sendable {
    /// The values themselves.
    package let values: any EphemeralValues

    package init(_ values: any EphemeralValues) {
        self.values = values
    }

    // MARK: Places

    /// All workers.
    package static let workers: StorePath = "workers"
    /// All assignments.
    package static let assignments: StorePath = "assignments"
    /// What all workers are at.
    package static let progress: StorePath = "progress"
    /// All reports that are not recorded.
    package static let reports: StorePath = "reports"
    /// The modes that were asked for.
    package static let modes: StorePath = "modes"

    /// The registration of a worker.
    package static func worker(_ id: String) throws -> StorePath { try workers.appending(id) }

    /// The mode that was asked for of a worker.
    package static func mode(of worker: String) throws -> StorePath { try modes.appending(worker) }

    /// The lease of a deployment's dispatcher.
    package static func dispatcher(of deployment: String) throws -> StorePath {
        try StorePath("dispatchers/\(deployment)")
    }

    /// The assignments of a worker.
    package static func assignments(of worker: String) throws -> StorePath { try assignments.appending(worker) }

    /// The assignment of a job to a worker.
    package static func assignment(of job: Digest, to worker: String) throws -> StorePath {
        try assignments(of: worker).appending(job.hex)
    }

    /// What a worker is at with a job.
    package static func progress(of job: Digest) throws -> StorePath { try progress.appending(job.hex) }

    /// The report of an attempt.
    package static func report(of job: Digest, attempt: UInt64) throws -> StorePath {
        try reports.appending(job.hex).appending("\(attempt)")
    }

    /// The job that a path of the kinds above ends in, or has before the attempt.
    package static func job(in path: StorePath) -> Digest? {
        let isReport = path.components.first == reports.name
        let name = isReport && path.components.count == 3 ? path.components[1] : path.name
        return Digest(hex: name)
    }

    // MARK: Documents

    /// All documents of one kind below a path, by their paths.
    package func all<Document: Decodable>(
        _ type: Document.Type, below prefix: StorePath
    ) throws -> [StorePath: Document] {
        Self.documents(type, in: try values.values(below: prefix))
    }

    /// The documents among some values.
    package static func documents<Document: Decodable>(
        _ type: Document.Type, in values: [StorePath: EphemeralValue]
    ) -> [StorePath: Document] {
        values.compactMapValues { EphemeralDocument.decode(type, from: $0.bytes) }
    }

    /// The document at a path; nil if there is none.
    package func document<Document: Decodable>(_ type: Document.Type, at path: StorePath) throws -> Document? {
        try values.value(at: path).flatMap { EphemeralDocument.decode(type, from: $0.bytes) }
    }

    /// Sets a document.
    ///
    /// - Returns: The version; nil if the expectation did not hold.
    @discardableResult
    package func set(
        _ document: some Encodable, at path: StorePath, owner: EphemeralOwner?,
        expecting: EphemeralExpectation = .anything
    ) throws -> UInt64? {
        try values.set(
            EphemeralDocument.encode(document), at: path, owner: owner, lifetime: nil, expecting: expecting)
    }

    /// Asks a worker for another mode.
    ///
    /// - Returns: false if no such worker is registered.
    package func request(_ mode: WorkerRegistration.Mode, of worker: String) throws -> Bool {
        guard try values.value(at: Self.worker(worker)) != nil else { return false }
        try set(WorkerModeRequest(mode: mode), at: Self.mode(of: worker), owner: nil)
        return true
    }

    /// All jobs of a deployment that workers have begun, longest first.
    ///
    /// - Throws: `StoreError`.
    package func running(of deployment: String) throws -> [JobProgress] {
        try all(JobProgress.self, below: Self.progress).values.filter { $0.deployment == deployment }
            .sorted { ($0.began, $0.cell.description, $0.job) < ($1.began, $1.cell.description, $1.job) }
    }
}
