public import Core
public import Model
public import Store

/// A request to run a job again although it has a verdict.
///
/// It names the results that are no longer valid. Any other result fulfils it, whichever run and deployment recorded
/// that result, so a job is executed once for each request, however often a run is interrupted.
public struct RetryRequest: Codable, Hashable, Sendable {
    /// The job to run again.
    public var job: Digest
    /// A cell of the job, for display.
    public var cell: Cell
    /// The identities of the results that the request supersedes, sorted.
    public var superseded: [String]

    public init(job: Digest, cell: Cell, superseded: [String]) {
        self.job = job
        self.cell = cell
        self.superseded = superseded
    }
}

/// The retry requests of a deployment in the store: `refs/heads/retries/DEPLOYMENT`, `ab/JOB.json`.
///
/// - SeeAlso: `docs/decisions/0120-retry-requests.md`
public struct RetryBranch: Sendable, Hashable {
    /// The prefix of the branches.
    public static let prefix = "retries/"
    /// The deployment that requests the retries.
    public let deployment: String

    public init(deployment: String) {
        self.deployment = deployment
    }

    /// The name below `refs/heads/`.
    public var name: String { Self.prefix + deployment }

    /// The path of a job's request.
    public static func path(of job: Digest) throws -> TypedPath<RetryRequest> {
        TypedPath(try StorePath("\(job.shard)/\(job.hex).json"))
    }

    /// The requests in a snapshot of a branch of requests, in any order.
    ///
    /// - Throws: `StoreError`.
    public static func requests(in snapshot: Snapshot) throws -> [RetryRequest] {
        var paths: [StorePath] = []
        try snapshot.forEachDocument { path, _ in paths.append(path) }
        return try paths.compactMap { try snapshot.value(RetryRequest.self, at: $0) }
    }
}

/// The results that the retry requests of a store supersede. Requests of all deployments apply: a job is the same in
/// all.
public struct SupersededResults: Sendable, Hashable {
    private var identities: [Digest: Set<String>] = [:]

    public init(_ requests: [RetryRequest] = []) {
        for request in requests { identities[request.job, default: []].formUnion(request.superseded) }
    }

    /// Reads the requests of all deployments.
    ///
    /// - Throws: `StoreError`.
    public init(in store: Store) throws {
        self.init(
            try store.branches(prefix: RetryBranch.prefix).flatMap { branch in
                try RetryBranch.requests(in: store.snapshot(branch))
            })
    }

    /// Whether no result is superseded.
    public var isEmpty: Bool { identities.isEmpty }

    /// Whether there is a request for this job.
    public func concerns(_ job: Digest) -> Bool { identities[job] != nil }

    /// Whether a retry was requested after this result, which a run therefore does not rely on.
    public func contains(_ result: CellResult) -> Bool {
        guard let job = result.job, result.outcome != .blocked else { return false }
        return identities[job]?.contains(result.identity) ?? false
    }
}
