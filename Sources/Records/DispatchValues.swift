package import Core
package import Model
package import Store
internal import System

/// The ephemeral values through which dispatchers and workers communicate: the paths of documents, and reading and
/// writing them.
///
/// Documents that cannot be decoded, because another version wrote them, count as absent.
package struct DispatchValues: Sendable {
    /// The values themselves.
    package let values: any EphemeralValues

    package init(_ values: any EphemeralValues) {
        self.values = values
    }

    /// The executor for a task that reads and changes the values; nil for the cooperative pool, which suits values on
    /// this machine.
    package func executor(_ label: String) -> (any TaskExecutor)? {
        values.isRemote ? SerialQueueExecutor(label: label) : nil
    }

    // MARK: Paths

    /// The directory of workers.
    package static let workers: StorePath = "workers"
    /// The directory of assignments.
    package static let assignments: StorePath = "assignments"
    /// The directory of the progress of jobs.
    package static let progress: StorePath = "progress"
    /// The directory of reports that are not recorded yet.
    package static let reports: StorePath = "reports"
    /// The directory of requested modes.
    package static let modes: StorePath = "modes"

    /// The registration of a worker.
    package static func worker(_ id: String) throws -> StorePath { try workers.appending(id) }

    /// The mode requested of a worker.
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

    /// The progress of a job.
    package static func progress(of job: Digest) throws -> StorePath { try progress.appending(job.hex) }

    /// The report of an attempt.
    package static func report(of job: Digest, attempt: UInt64) throws -> StorePath {
        try reports.appending(job.hex).appending("\(attempt)")
    }

    /// The job named by the path of an assignment, a progress or a report.
    package static func job(in path: StorePath) -> Digest? {
        let isReport = path.components.first == reports.name
        let name = isReport && path.components.count == 3 ? path.components[1] : path.name
        return Digest(hex: name)
    }

    // MARK: Documents

    /// All documents of one type below a path, by their paths.
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

    /// The registrations of workers among some values, by their paths. One without an owner does not count, because no
    /// process is behind it; neither does one with numbers that no worker has.
    package static func registrations(in values: [StorePath: EphemeralValue]) -> [StorePath: WorkerRegistration] {
        let numbers = 0...65_536
        let owned = values.filter { path, value in value.owner != nil && path.components.count == 2 }
        return documents(WorkerRegistration.self, in: owned).filter { _, worker in
            numbers.contains(worker.slots) && numbers.contains(worker.backlog)
        }
    }

    /// The document at a path; nil if there is none.
    package func document<Document: Decodable>(_ type: Document.Type, at path: StorePath) throws -> Document? {
        try values.value(at: path).flatMap { EphemeralDocument.decode(type, from: $0.bytes) }
    }

    /// Sets a document.
    ///
    /// - Returns: The version; nil if the expectation was not met.
    @discardableResult
    package func set(
        _ document: some Encodable, at path: StorePath, owner: EphemeralOwner?,
        expecting: EphemeralExpectation = .anything
    ) throws -> UInt64? {
        try values.set(
            EphemeralDocument.encode(document), at: path, owner: owner, lifetime: nil, expecting: expecting)
    }

    /// Requests another mode of a worker. The request expires after a day, because a worker that is killed leaves it.
    ///
    /// - Returns: false if no such worker is registered.
    package func request(_ mode: WorkerRegistration.Mode, of worker: String) throws -> Bool {
        guard try values.value(at: Self.worker(worker)) != nil else { return false }
        let request = try EphemeralDocument.encode(WorkerModeRequest(mode: mode))
        _ = try values.change([Self.mode(of: worker): .set(request, lifetime: .seconds(86_400))])
        return true
    }

    /// All jobs of a deployment that workers have started, the longest-running first.
    ///
    /// - Throws: `StoreError`.
    package func running(of deployment: String) throws -> [JobProgress] {
        try all(JobProgress.self, below: Self.progress).values.filter { $0.deployment == deployment }
            .sorted { ($0.began, $0.cell.description, $0.job) < ($1.began, $1.cell.description, $1.job) }
    }
}
