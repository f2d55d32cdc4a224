public import Core

/// The outcome of an assignment: the ephemeral document `reports/JOB/ATTEMPT`, which exists until the dispatcher has
/// recorded the result.
///
/// It has no owner, so that it outlives the worker.
public struct ExecutionReport: Codable, Hashable, Sendable {
    /// The maximum size of the document in bytes.
    public static let sizeLimit = 8 << 10

    /// Why a worker did not run the job.
    public enum Return: String, Codable, Sendable {
        /// The dispatcher revoked the assignment before the job started.
        case revoked
        /// The job is already running for another dispatcher or on another worker.
        case busy
        /// The worker is leaving.
        case leaving
    }

    /// Contents that may be too long for the document.
    public struct Details: Codable, Hashable, Sendable {
        /// The system packages that the job had, `NAME VERSION`.
        public var systemPackages: [String]?
        /// All executions of the job, if it was repeated to confirm a failure.
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
    /// The version of `progress/JOB` with which the worker still claims the job; absent if it does not.
    public var claim: UInt64?
    /// Why the job was not run; if set, the other fields are meaningless.
    public var returned: Return?
    /// How the job ended.
    public var outcome: Outcome
    /// Whether another attempt would fail in the same way: a permanent infrastructure failure.
    public var isPermanent: Bool?
    /// The phase that failed; absent if none did.
    public var phase: Phase?
    /// The normalised error line; absent if nothing failed.
    public var signature: String?
    /// The error line as printed, or what the machine lacked.
    public var reason: String?
    /// The error found in the log.
    public var error: CellResult.LoggedError?
    /// The digest of the log in the store.
    public var log: Digest?
    /// The digest of the layer that the job added.
    public var layer: Digest?
    /// Identifies the layers that the job was executed over.
    public var base: Digest?
    /// Files of other packages that the job changed with permission of the matrix.
    public var overwrites: [CellResult.Overwrite]?
    /// The digest of the object with `overwrites`, if they do not fit.
    public var overwritesObject: Digest?
    /// The system packages of the job, and its executions if a failure was to be confirmed. Absent if there are
    /// neither.
    public var details: Details?
    /// The digest of the object with `details`, if they do not fit.
    public var detailsObject: Digest?
    /// The parts of the duration.
    public var durations: CellResult.Durations?
    /// The duration in seconds.
    public var duration: Double
    /// When the job ended, in seconds since 1970.
    public var finished: Double
    /// The host that it ran on and its description; absent for a sandbox.
    public var machine: String?
    /// The digest of the plugin's file; absent if none was loaded.
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

    /// The name of the execution in the result, which is the same whichever process records the report, and however
    /// often.
    package var execution: String { CellResult.execution(endedAt: finished, named: attempt) }

    /// The document of at most `sizeLimit` bytes; if necessary, texts are truncated.
    ///
    /// - Parameter put: Stores an object that does not fit into the document.
    package func document(storing put: ([UInt8]) throws -> Digest) throws -> [UInt8] {
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
        for (text, limit) in [(\Self.reason, 1_500), (\.signature, 1_000), (\.machine, 500)] {
            report[keyPath: text] = report[keyPath: text].map { $0.cut(toEncodedBytes: limit) }
        }
        if let error {
            report.error?.failureClass = error.failureClass.cut(toEncodedBytes: 500)
            report.error?.excerpt = error.excerpt.cut(toEncodedBytes: 800)
        }
        return try EphemeralDocument.encode(report)
    }
}

extension String {
    /// The text, truncated with an ellipsis if it has more than `limit` bytes in JSON, in which a control character may
    /// have six.
    fileprivate func cut(toEncodedBytes limit: Int) -> String {
        var size = 0
        var end = unicodeScalars.startIndex
        for index in unicodeScalars.indices {
            let scalar = unicodeScalars[index]
            size += scalar.value < 0x20 ? 6 : scalar == "\"" || scalar == "\\" ? 2 : UTF8.width(scalar)
            if size > limit { return self[..<end] + "…" }
            if size <= limit - 3 { end = unicodeScalars.index(after: index) }
        }
        return self
    }
}
