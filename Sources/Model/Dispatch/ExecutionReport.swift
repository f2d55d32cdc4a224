public import Core

/// How an assignment ended, as `reports/JOB/ATTEMPT` says until the dispatcher has recorded the result.
///
/// It has no owner: it outlives the worker.
public struct ExecutionReport: Codable, Hashable, Sendable {
    /// The largest document, in bytes.
    public static let sizeLimit = 8 << 10

    /// Why a worker did not run the job.
    public enum Return: String, Codable, Sendable {
        /// The dispatcher revoked the assignment before the job began.
        case revoked
        /// The job runs already, for another dispatcher or on another worker.
        case busy
        /// The worker leaves.
        case leaving
    }

    /// What may be too long for the document.
    public struct Details: Codable, Hashable, Sendable {
        /// The system packages that the job had, `NAME VERSION`.
        public var systemPackages: [String]?
        /// All runs of the job, where it was run again to confirm a failure.
        public var confirmation: [CellResult.Execution]?

        /// A file that the job generated and that others are planned from.
        public var generated: String?
        /// The image of a unikernel that the job built.
        public var image: CellResult.Image?

        public init(
            systemPackages: [String]? = nil, confirmation: [CellResult.Execution]? = nil, generated: String? = nil,
            image: CellResult.Image? = nil
        ) {
            self.systemPackages = systemPackages
            self.confirmation = confirmation
            self.generated = generated
            self.image = image
        }
    }

    /// The fencing token of the assignment.
    public var attempt: UInt64
    /// The deployment whose dispatcher assigned the job.
    public var deployment: String
    /// The worker's id.
    public var worker: String
    /// The version of `progress/JOB`, with which the worker still claims the job; absent: it does not.
    public var claim: UInt64?
    /// Set where the job was not run; then the rest says nothing.
    public var returned: Return?
    /// How the job ended.
    public var outcome: Outcome
    /// Whether another attempt would fail in the same way: an infrastructure failure that is not worth it.
    public var isPermanent: Bool?
    /// The phase that failed; absent where none did.
    public var phase: Phase?
    /// The normalised error line; absent where nothing failed.
    public var signature: String?
    /// The error line as printed, or what the machine lacked.
    public var reason: String?
    /// What the log says about the failure.
    public var error: CellResult.LoggedError?
    /// The digest of the log in the store.
    public var log: Digest?
    /// The digest of the layer that the job added.
    public var layer: Digest?
    /// Identifies the layers that the job was executed over.
    public var base: Digest?
    /// Files of other packages that the job changed, and that its matrix lets it change.
    public var overwrites: [CellResult.Overwrite]?
    /// The digest of the object that holds `overwrites`, where they do not fit.
    public var overwritesObject: Digest?
    /// The system packages that the job had, and all its runs where a failure was to be confirmed. Absent: neither.
    public var details: Details?
    /// The digest of the object that holds `details`, where they do not fit.
    public var detailsObject: Digest?
    /// What the seconds were spent on.
    public var durations: CellResult.Durations?
    /// Seconds of wall clock.
    public var duration: Double
    /// When the job ended: seconds since 1970.
    public var finished: Double
    /// The host that it ran on and what that is; absent in a sandbox.
    public var machine: String?
    /// The digest of the plugin's file; absent where none was loaded.
    public var pluginFile: Digest?

    public init(
        attempt: UInt64, deployment: String, worker: String, returned: Return? = nil, outcome: Outcome,
        duration: Double, finished: Double
    ) {
        self.attempt = attempt
        self.deployment = deployment
        self.worker = worker
        self.returned = returned
        self.outcome = outcome
        self.duration = duration
        self.finished = finished
    }

    /// The name of the execution in the result: independent of who records the report, and how often.
    package var execution: String { CellResult.execution(endedAt: finished, named: attempt) }

    /// The document, of at most `sizeLimit` bytes: longer texts are cut short.
    ///
    /// - Parameter put: stores an object that does not fit into the document.
    package func document(puttingAside put: ([UInt8]) throws -> Digest) throws -> [UInt8] {
        let whole = try EphemeralDocument.encode(self)
        guard whole.count > Self.sizeLimit else { return whole }
        var report = self
        if let overwrites {
            report.overwritesObject = try put([UInt8](CanonicalJSON.encode(overwrites)))
            report.overwrites = nil
        }
        if let details {
            report.detailsObject = try put([UInt8](CanonicalJSON.encode(details)))
            report.details = nil
        }
        // JSON writes a control character in six bytes.
        for (text, limit) in [(\Self.reason, 600), (\.signature, 400), (\.machine, 200)] {
            report[keyPath: text] = report[keyPath: text].map { $0.cut(toBytes: limit) }
        }
        if let error { report.error?.excerpt = error.excerpt.cut(toBytes: 300) }
        return try EphemeralDocument.encode(report)
    }
}

extension String {
    /// The beginning of at most `limit` bytes, with an ellipsis where it is not all.
    fileprivate func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit - 3)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }
}
