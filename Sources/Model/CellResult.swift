public import Core

/// The verdict on one cell, as recorded by one commit on `refs/heads/results/DEPLOYMENT/TARGET`.
///
/// - SeeAlso: `docs/decisions/0121-result-base.md`
public struct CellResult: Codable, Hashable, Sendable {
    /// A run of the job that the infrastructure failed, and that another one followed.
    public struct FailedAttempt: Codable, Hashable, Sendable {
        /// Why the infrastructure failed the attempt.
        public var reason: String
        /// In the store's logs.
        public var log: Digest?
        /// What the log says about the failure. Absent: nothing, and in results of older versions.
        public var error: LoggedError?

        public init(reason: String, log: Digest?, error: LoggedError? = nil) {
            self.reason = reason
            self.log = log
            self.error = error
        }
    }

    /// A file of another package that the job changed, as the matrix allows.
    public struct Overwrite: Codable, Hashable, Sendable {
        /// Relative to the prefix of the switch.
        public var path: String
        /// The package whose file it was, with its version.
        public var owner: String

        public init(path: String, owner: String) {
            self.path = path
            self.owner = owner
        }
    }

    /// The image of a unikernel that a job built, as it was checked.
    public struct Image: Codable, Hashable, Sendable {
        /// What it is built for: `spt`.
        public var backend: String
        /// The version of the ABI that the image states; absent where its format has none.
        public var abi: Int?
        /// The devices that the image's manifest names, as `net:NAME` and `block:NAME`; absent where it has no manifest.
        public var devices: [String]?
        /// The SHA-256 of the file.
        public var digest: Digest
        /// Relative to the prefix of the switch; the file is in the job's layer.
        public var path: String
        /// Bytes of the file.
        public var size: Int

        public init(
            backend: String, abi: Int? = nil, devices: [String]? = nil, digest: Digest, path: String, size: Int
        ) {
            self.backend = backend
            self.abi = abi
            self.devices = devices
            self.digest = digest
            self.path = path
            self.size = size
        }
    }

    /// One of several runs of a job by which a failure was confirmed.
    public struct Execution: Codable, Hashable, Sendable {
        /// `success` or `failure`.
        public var outcome: Outcome
        /// The phase that failed.
        public var phase: Phase?
        /// The normalised error line.
        public var signature: String?
        /// The error line as printed.
        public var reason: String?
        /// In the store's logs.
        public var log: Digest?
        /// What the log says about the failure. Absent: nothing failed, and in results of older versions.
        public var error: LoggedError?

        public init(
            outcome: Outcome, phase: Phase? = nil, signature: String? = nil, reason: String? = nil,
            log: Digest? = nil, error: LoggedError? = nil
        ) {
            self.outcome = outcome
            self.phase = phase
            self.signature = signature
            self.reason = reason
            self.log = log
            self.error = error
        }
    }

    /// What the time of a job was spent on, in seconds of wall clock.
    public struct Durations: Codable, Hashable, Sendable {
        /// Between the end of the last input and the start: waiting for a worker.
        public var queued: Double?
        /// Making the target's environment, or waiting for it.
        public var environment: Double?
        /// The commands of each phase, by `Phase`.
        public var phases: [String: Double]

        public init(queued: Double? = nil, environment: Double? = nil, phases: [Phase: Double] = [:]) {
            self.queued = queued
            self.environment = environment
            self.phases = Dictionary(uniqueKeysWithValues: phases.map { ($0.key.rawValue, $0.value) })
        }

        /// What the job itself needs wherever it runs next: its own commands, without system packages, which are shared.
        public var own: Double { phases.reduce(0) { $1.key == Phase.depext.rawValue ? $0 : $0 + $1.value } }
    }

    /// What the log says about the failure: the message and where it is.
    public struct LoggedError: Codable, Hashable, Sendable {
        /// What went wrong, one of the kinds of `LogPattern`: `missing-header`.
        public var kind: String
        /// Who is to blame as far as the log says: `package` or `infrastructure`.
        public var origin: String
        /// Whether no line of the log names a cause.
        public var isWeak: Bool
        /// Equal for failures that differ in a name only: `unbound module *`.
        public var failureClass: String
        /// The name of the pattern that matched; absent where none did.
        public var pattern: String?
        /// The number of the line in the log, from 1; absent where it is not in the log.
        public var line: Int?
        /// Where the message begins in the log, in bytes.
        public var offset: Int?
        /// How many bytes of the log are the message.
        public var length: Int?
        /// The message and lines around it, at most 1 KiB.
        public var excerpt: String

        enum CodingKeys: String, CodingKey {
            case kind, origin, pattern, line, offset, length, excerpt
            case isWeak = "weak"
            case failureClass = "class"
        }

        public init(kind: String, origin: String, isWeak: Bool, failureClass: String, excerpt: String) {
            self.kind = kind
            self.origin = origin
            self.isWeak = isWeak
            self.failureClass = failureClass
            self.excerpt = excerpt
        }
    }

    /// The cell that the verdict is on.
    public var cell: Cell
    /// Absent where no job could be made: the cell is unsolvable.
    public var job: Digest?
    /// The verdict.
    public var outcome: Outcome
    /// The phase that failed; nil where none did.
    public var phase: Phase?
    /// The error line, normalised: equal failures have equal signatures.
    public var signature: String?
    /// What a person reads in the table: the error line as printed, the explanation, or what blocks the cell.
    public var reason: String?
    /// What the log says about the failure. Absent: nothing failed, or not in a command whose output says why.
    public var error: LoggedError?
    /// The package whose job blocks this one.
    public var blockedBy: PackageVersion?
    /// The job that blocks this one: the root, which did not succeed itself. Absent in results of older versions.
    public var blockedByJob: Digest?
    /// The packages from the job's input to the root, one built over the next: the last one is `blockedBy`.
    public var blockedChain: [PackageVersion]?
    /// Of the log, in the store's logs.
    public var log: Digest?
    /// Of the layer that the job added.
    public var layer: Digest?
    /// Seconds, of wall clock, without making the environment.
    public var duration: Double?
    /// What the seconds were spent on. Absent in results of older versions.
    public var durations: Durations?
    /// Seconds since 1970, when the job ended.
    public var finished: Int?
    /// Commits of the repositories, in order of priority.
    public var repositories: [String]
    /// `NAME VERSION DIGEST` of the plugin; the digest is that of its file, and absent where the plugin was not loaded.
    public var plugin: String?
    /// How many runs were needed, 1 at first; only infrastructure failures are run again.
    public var attempts: Int?
    /// The machine that the job ran on, and its system; of a host also its C compiler. Absent for a sandbox in results of
    /// older versions.
    public var machine: String?
    /// The system packages that were installed for the job and what it is built over, `NAME VERSION`, sorted. Absent: none, or
    /// the versions could not be listed.
    public var systemPackages: [String]?
    /// All runs of the job, in their order, where it failed at first and was run again to confirm that. Absent: it was not.
    public var confirmation: [Execution]?
    /// The runs before the last, in their order. Absent: none.
    public var failedAttempts: [FailedAttempt]?
    /// Files of other packages that the job changed, as the matrix allows. Absent: none.
    public var overwrites: [Overwrite]?
    /// Names the execution of the job that gave this result; a copy of the result has the same. Absent: the job was not
    /// executed, or by a version that did not record it.
    public var execution: String?
    /// Identifies the layers of all inputs, direct and indirect, that the job was executed over. Absent: not recorded.
    public var base: Digest?
    /// How the result compares with `previous`. Absent for a job that decides no cell, and in results of older versions.
    public var change: ResultChange?
    /// The last verdict on the package in this column, in this version of the package or another one. Absent: none.
    public var previous: PreviousVerdict?
    /// A file that the job generated and that others are planned from. Absent: none.
    public var generated: String?
    /// The image of a unikernel that the job built. Absent: none.
    public var image: Image?
    /// The number of the run that recorded the result. Absent: it was recorded by no run, or by an older version.
    public var run: Int?

    public init(cell: Cell, job: Digest?, outcome: Outcome, repositories: [String]) {
        self.cell = cell
        self.job = job
        self.outcome = outcome
        self.repositories = repositories
    }
}

extension CellResult {
    /// Tells this execution of the job from others of the same job.
    package var identity: String { execution ?? finished.map(String.init) ?? outcome.rawValue }

    /// The name of an execution that ended at `seconds` since 1970.
    ///
    /// Names of later executions compare as greater, to the microsecond: `finished` is in whole seconds, and two executions of
    /// a job may end within one.
    ///
    /// - Parameter number: of no other execution that ended at that moment.
    package static func execution(endedAt seconds: Double, named number: UInt64) -> String {
        let time = String(UInt64(max(0, seconds) * 1e6), radix: 36)
        let padding = String(repeating: "0", count: max(0, 11 - time.count))
        return padding + time + "-" + String(number, radix: 36)
    }

    /// Whether the execution ended before another one of the same job.
    package func ended(before other: CellResult) -> Bool {
        (finished ?? 0, identity) < (other.finished ?? 0, other.identity)
    }

    /// Whether the result is a verdict on the job itself, which a later run may rely on.
    package var isVerdictOnJob: Bool { outcome == .success || outcome == .failure }
}

extension CellResult {
    /// What confirming a failure came to, in words: `confirmed 2/2`, `flaky 1/3`; nil where that was not tried.
    public var confirmationWords: String? {
        guard let confirmation else { return nil }
        let failures = confirmation.count { $0.outcome == .failure }
        return "\(isFlaky ? "flaky" : "confirmed") \(failures)/\(confirmation.count)"
    }

    /// Whether the job failed and succeeded in runs that were to confirm a failure.
    public var isFlaky: Bool { confirmation?.contains { $0.outcome == .success } ?? false }
}

extension PlannedCell {
    /// True when the verdict is on the very jobs that the plan has for the cell.
    package func isDecided(by result: CellResult) -> Bool {
        switch basis {
        case .excluded: false
        case .unsolvable: result.outcome == .unsolvable || result.outcome == .cancelled
        case .jobs(let build, let test):
            result.job == build && (test == nil && !isProvisional || result.outcome != .success)
                || (test != nil && result.job == test)
        }
    }

    /// Whether the rest of the cell is planned when its build job has succeeded.
    package var isProvisional: Bool { provisional == true }
}
