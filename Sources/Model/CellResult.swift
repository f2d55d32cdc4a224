public import Core

/// The verdict on one cell, as recorded by one commit on `refs/heads/results/DEPLOYMENT/TARGET`.
///
/// - SeeAlso: `docs/decisions/0121-result-base.md`
public struct CellResult: Codable, Hashable, Sendable {
    /// An attempt that failed because of the infrastructure and was followed by another one.
    public struct FailedAttempt: Codable, Hashable, Sendable {
        /// Why the infrastructure failed the attempt.
        public var reason: String
        /// The digest of the attempt's log in the store.
        public var log: Digest?
        /// The error found in the log. Absent if there is none, and in results of older versions.
        public var error: LoggedError?

        public init(reason: String, log: Digest?, error: LoggedError? = nil) {
            self.reason = reason
            self.log = log
            self.error = error
        }
    }

    /// A file of another package that the job changed with permission of the matrix.
    public struct Overwrite: Codable, Hashable, Sendable {
        /// The path relative to the prefix of the switch.
        public var path: String
        /// The package that installed the file, with its version.
        public var owner: String

        public init(path: String, owner: String) {
            self.path = path
            self.owner = owner
        }
    }

    /// The checked image of a unikernel that a job built.
    public struct Image: Codable, Hashable, Sendable {
        /// The backend that it is built for: `spt`.
        public var backend: String
        /// The version of the ABI that the image declares; absent if its format has none.
        public var abi: Int?
        /// The devices that the image's manifest names, as `net:NAME` and `block:NAME`; absent if it has no manifest.
        public var devices: [String]?
        /// The SHA-256 digest of the file.
        public var digest: Digest
        /// The path relative to the prefix of the switch; the file is in the job's layer.
        public var path: String
        /// The size of the file in bytes.
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

    /// One of several executions of a job that confirm a failure.
    public struct Execution: Codable, Hashable, Sendable {
        /// `success` or `failure`.
        public var outcome: Outcome
        /// The phase that failed; nil if none did.
        public var phase: Phase?
        /// The normalised error line.
        public var signature: String?
        /// The error line as printed.
        public var reason: String?
        /// The digest of the execution's log in the store.
        public var log: Digest?
        /// The error found in the log. Absent if nothing failed, and in results of older versions.
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

    /// The parts of a job's duration, in seconds of wall-clock time.
    public struct Durations: Codable, Hashable, Sendable {
        /// From the end of the last input to the start of the job: the wait for a worker.
        public var queued: Double?
        /// Creating the target's environment, or waiting for it.
        public var environment: Double?
        /// The commands of each phase, by `Phase`.
        public var phases: [String: Double]

        public init(queued: Double? = nil, environment: Double? = nil, phases: [Phase: Double] = [:]) {
            self.queued = queued
            self.environment = environment
            self.phases = Dictionary(uniqueKeysWithValues: phases.map { ($0.key.rawValue, $0.value) })
        }

        /// The time that the job itself needs wherever it runs next: its own commands, without the installation of
        /// system packages, which jobs share.
        public var own: Double { phases.reduce(0) { $1.key == Phase.depext.rawValue ? $0 : $0 + $1.value } }
    }

    /// An error found in a log: the message and its position.
    public struct LoggedError: Codable, Hashable, Sendable {
        /// The kind of the error, one of those in `LogPattern`: `missing-header`.
        public var kind: String
        /// The origin of the error according to the log: `package` or `infrastructure`.
        public var origin: String
        /// Whether no line of the log names a cause.
        public var isWeak: Bool
        /// The class of the failure, equal for failures that differ only in a name: `unbound module *`.
        public var failureClass: String
        /// The name of the pattern that matched; absent if none did.
        public var pattern: String?
        /// The number of the line in the log, from 1; absent if the message is not in the log.
        public var line: Int?
        /// The offset of the message in the log in bytes.
        public var offset: Int?
        /// The length of the message in the log in bytes.
        public var length: Int?
        /// The message and the lines around it, at most 1 KiB.
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

    /// The cell.
    public var cell: Cell
    /// The id of the job. Absent if there is none because the cell is unsolvable.
    public var job: Digest?
    /// The outcome.
    public var outcome: Outcome
    /// The phase that failed; nil if none did.
    public var phase: Phase?
    /// The normalised error line: equal failures have equal signatures.
    public var signature: String?
    /// The reason shown to people: the error line as printed, the explanation, or the package that blocks the cell.
    public var reason: String?
    /// The error found in the log. Absent if nothing failed, or if no command's output explains the failure.
    public var error: LoggedError?
    /// The package whose job blocks this cell.
    public var blockedBy: PackageVersion?
    /// The id of the job that blocks this one: the first in the chain that did not succeed itself. Absent in results of
    /// older versions.
    public var blockedByJob: Digest?
    /// The packages from the job's direct input to the blocking job, in the order of dependency: the last one is
    /// `blockedBy`.
    public var blockedChain: [PackageVersion]?
    /// The digest of the log in the store.
    public var log: Digest?
    /// The digest of the layer that the job added.
    public var layer: Digest?
    /// The duration in seconds of wall-clock time, without creating the environment.
    public var duration: Double?
    /// The parts of the duration. Absent in results of older versions.
    public var durations: Durations?
    /// When the job ended, in seconds since 1970.
    public var finished: Int?
    /// The commits of the repositories, in order of priority.
    public var repositories: [String]
    /// `NAME VERSION DIGEST` of the plugin; the digest is that of its file, and absent if the plugin was not loaded.
    public var plugin: String?
    /// The number of attempts, from 1; only infrastructure failures are attempted again.
    public var attempts: Int?
    /// The machine that the job ran on and its operating system, for a host also its C compiler. Absent for a sandbox
    /// in results of older versions.
    public var machine: String?
    /// The system packages that were installed for the job and its inputs, `NAME VERSION`, sorted. Absent if there are
    /// none, or if their versions could not be listed.
    public var systemPackages: [String]?
    /// All executions of the job in order, if its failure was to be confirmed; absent otherwise.
    public var confirmation: [Execution]?
    /// The attempts before the last one in order. Absent if there are none.
    public var failedAttempts: [FailedAttempt]?
    /// Files of other packages that the job changed with permission of the matrix. Absent if there are none.
    public var overwrites: [Overwrite]?
    /// Identifies the execution of the job that gave this result; a copy of the result has the same identifier. Absent
    /// if the job was not executed, or was executed by a version that did not record it.
    public var execution: String?
    /// Identifies the layers of all direct and indirect inputs that the job was executed over. Absent if not recorded.
    public var base: Digest?
    /// How the result compares with `previous`; `undecided` for a cell that an infrastructure failure blocks. Absent
    /// for a job that decides no cell, and in results of older versions.
    public var change: ResultChange?
    /// The last verdict on any version of the package in this column. Absent if there is none.
    public var previous: PreviousVerdict?
    /// The last success or failure of any version of the package in this column before this result, if `previous` is
    /// another verdict: the cell was blocked or unsolvable since. Absent if there is none, and in results of older
    /// versions.
    public var built: PreviousVerdict?
    /// A file that the job generated and that other cells are planned from. Absent if there is none.
    public var generated: String?
    /// The image of a unikernel that the job built. Absent if there is none.
    public var image: Image?
    /// The number of the run that recorded the result. Absent if no run or an older version recorded it.
    public var run: Int?

    public init(cell: Cell, job: Digest?, outcome: Outcome, repositories: [String]) {
        self.cell = cell
        self.job = job
        self.outcome = outcome
        self.repositories = repositories
    }
}

extension CellResult {
    /// Distinguishes this execution of the job from other executions of it.
    package var identity: String { execution ?? finished.map(String.init) ?? outcome.rawValue }

    /// The name of an execution that ended at `seconds` since 1970.
    ///
    /// Names of later executions compare as greater, to the microsecond: `finished` is in whole seconds, and two
    /// executions of a job may end within one.
    ///
    /// - Parameter number: distinguishes executions that ended at the same moment.
    package static func execution(endedAt seconds: Double, named number: UInt64) -> String {
        let time = String(UInt64(min(max(0, seconds), 1e12) * 1e6), radix: 36)
        let padding = String(repeating: "0", count: max(0, 11 - time.count))
        return padding + time + "-" + String(number, radix: 36)
    }

    /// Whether this execution ended before another execution of the same job.
    package func ended(before other: CellResult) -> Bool {
        (finished ?? 0, identity) < (other.finished ?? 0, other.identity)
    }

    /// Whether the result is a verdict on the package.
    package var isVerdict: Bool { outcome.isVerdict(change) }

    /// Whether an infrastructure failure of another package blocks the cell, so that nothing is known about it.
    package var isBlockedByInfrastructure: Bool { outcome == .blocked && !isVerdict }

    /// Whether the result is a verdict on the job itself, which later runs can reuse.
    package var isVerdictOnJob: Bool { outcome.isVerdictOnJob }
}

extension CellResult {
    /// The result of confirming a failure in words: `confirmed 2/2`, `flaky 1/3`; nil if it was not confirmed.
    public var confirmationWords: String? {
        guard let confirmation else { return nil }
        let failures = confirmation.count { $0.outcome == .failure }
        return "\(isFlaky ? "flaky" : "confirmed") \(failures)/\(confirmation.count)"
    }

    /// Whether the job failed and then succeeded in an execution that was to confirm the failure.
    public var isFlaky: Bool { confirmation?.contains { $0.outcome == .success } ?? false }
}

extension PlannedCell {
    /// Whether the result is a verdict on the jobs that the plan has for the cell.
    package func isDecided(by result: CellResult) -> Bool {
        switch basis {
        case .excluded: false
        case .unsolvable: result.outcome == .unsolvable || result.outcome == .cancelled
        case .jobs(let build, let test):
            result.job == build && (test == nil && !isProvisional || result.outcome != .success)
                || (test != nil && result.job == test)
        }
    }

    /// Whether the rest of the cell is planned only after its build job has succeeded.
    package var isProvisional: Bool { provisional == true }
}
