internal import Core
internal import Foundation
public import Model
public import Store

/// A job that a process runs at this moment: a live value of the store, gone with the process.
public struct RunningJob: Codable, Hashable, Sendable {
    /// The first of the cells that the job decides, by target, compiler and package.
    public var cell: Cell
    /// Whether the job builds the package or runs its tests.
    public var kind: Job.Kind
    /// The job's id.
    public var job: String
    /// What it is at: `build`, `install`, …
    public var step: String
    /// `USER@HOST` of the machine that it runs on, with the port where one is given; absent for a sandbox of this one.
    public var host: String?
    /// When it began: seconds since 1970.
    public var began: Int

    public init(cell: Cell, kind: Job.Kind, job: String, step: String, host: String? = nil, began: Int) {
        self.cell = cell
        self.kind = kind
        self.job = job
        self.step = step
        self.host = host
        self.began = began
    }

    /// The place of a job's live value.
    ///
    /// - Throws: `StoreError` where the deployment's name cannot be in a path.
    public static func path(of job: String, deployment: String) throws -> StorePath {
        try StorePath("running/\(deployment)/\(job)")
    }

    /// All jobs of a deployment that run, whichever process of this machine runs them, longest first.
    ///
    /// - Throws: `StoreError`.
    public static func all(of deployment: String, in store: Store) throws -> [RunningJob] {
        // What another version wrote, and this one cannot read, is no running job that it could speak of.
        try store.ephemeral.values(below: StorePath("running/\(deployment)")).values
            .compactMap { try? JSONDecoder().decode(RunningJob.self, from: Data($0.bytes)) }
            .sorted { ($0.began, $0.cell.description, $0.job) < ($1.began, $1.cell.description, $1.job) }
    }
}
