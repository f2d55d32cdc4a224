internal import Core
package import Model

/// A planned cell with its state and result: a row of the results.
package struct CellState: Codable, Sendable, Hashable {
    /// The cell.
    package var cell: Cell
    /// `pending` if there is no result yet, `excluded` if the matrix excludes the cell, otherwise an `Outcome`.
    /// `unsolvable` needs no result, only the plan.
    package var state: String
    /// Whether the matrix requires the cell to be good.
    package var required: Bool
    /// Why the matrix accepts a failure of the cell.
    package var accepted: String?
    /// Whether the acceptance matches the result; absent if no failure is accepted, or the cell has neither failed nor
    /// succeeded.
    package var acceptance: AcceptanceState?
    /// The address of the issue about the accepted failure.
    package var tracker: String?
    /// The constraint that makes the cell unsolvable.
    package var cause: UnsolvableCause?
    /// The phase that failed, if any.
    package var phase: Phase?
    /// The normalised error line, equal for equal failures.
    package var signature: String?
    /// The error line, the solver's explanation, or why the matrix excludes the cell.
    package var reason: String?
    /// The package whose failure blocks the cell.
    package var blockedBy: PackageVersion?
    /// The duration of the job in seconds.
    package var duration: Double?
    /// The digest of the log, in hexadecimal.
    package var log: String?
    /// The id of the job that decided the cell.
    package var job: String?
    /// Whether the job and the log are of the package's build or of its tests; nil if no job decides the cell.
    package var kind: Job.Kind?
    /// The host that the job ran on and its description; absent for a sandbox.
    package var machine: String?
    /// Files of other packages that the job changed with permission of the matrix.
    package var overwrites: [CellResult.Overwrite]?
    /// True if an infrastructure failure of another package blocks the cell, so that nothing is known about it;
    /// otherwise absent.
    package var undecided: Bool?
    /// The last verdict on the package in this column, if the newest result is not a verdict.
    package var previous: PreviousVerdict?
    /// True if a retry was requested, so that the next run decides the cell again; otherwise absent.
    package var retry: Bool?

    /// The state of a planned cell.
    ///
    /// - Parameters:
    ///   - result: The recorded result, which counts only if it is of the planned job.
    ///   - isRetried: Whether a retry was requested after it.
    package init(_ planned: PlannedCell, result: CellResult?, isRetried: Bool = false) {
        cell = planned.cell
        required = planned.required
        accepted = planned.accepted
        tracker = planned.acceptance?.tracker
        cause = planned.cause
        if case .excluded(let why) = planned.basis {
            state = "excluded"
            reason = why
            return
        }
        guard let result, planned.isDecided(by: result) else {
            state = "pending"
            // The plan decides that the cell is unsolvable; a run only records it.
            if case .unsolvable(let explanation) = planned.basis {
                state = Outcome.unsolvable.rawValue
                reason = explanation
            }
            return
        }
        state = result.outcome.rawValue
        acceptance = planned.acceptance(of: result)
        phase = result.phase
        signature = result.signature
        reason = result.reason
        blockedBy = result.blockedBy
        duration = result.duration
        log = result.log?.hex
        job = result.job?.hex
        machine = result.machine
        overwrites = result.overwrites
        if isRetried { retry = true }
        if result.isBlockedByInfrastructure { undecided = true }
        if !result.isVerdict {
            previous = result.previous
            previous?.signature = nil
        }
        if case .jobs(let build, let test) = planned.basis {
            kind = result.job == build ? .build : test != nil && result.job == test ? .test : nil
        }
    }

    /// The state of a job that decides no cell of the plan.
    package init(recorded result: CellResult) {
        let basis = result.job.map { PlannedCell.Basis.jobs(build: $0, test: nil) }
        self.init(
            PlannedCell(cell: result.cell, basis: basis ?? .unsolvable(explanation: ""), required: false),
            result: result)
    }

    /// The outcome; nil if the cell is pending or excluded.
    package var outcome: Outcome? { Outcome(rawValue: state) }

    /// Whether the state is a verdict on the package.
    package var isVerdict: Bool { outcome?.isVerdict == true && undecided != true }

    /// The state in a few words: `failure in build`, `blocked by dune`, `success with tests`.
    package var words: String { verdictWords + (previous.map { " (was \($0.words))" } ?? "") + retryWords }

    /// The state in words, without the previous verdict.
    var ownWords: String { verdictWords + retryWords }

    /// The suffix of `words` if a retry is pending; otherwise empty.
    package var retryWords: String { retry == true ? " (retry pending)" : "" }

    private var verdictWords: String {
        if let blockedBy { return "\(state) by \(blockedBy.name)" + infrastructureWords }
        if let phase { return "\(state) in \(phase.rawValue)" }
        return kind == .test && outcome == .success ? "\(state) with tests" : state
    }

    /// The suffix of a state that an infrastructure failure of another package causes; otherwise empty.
    var infrastructureWords: String { undecided == true ? Outcome.infrastructureWords : "" }

    /// Whether the cell fails as the matrix accepts it.
    package var isAcceptedFailure: Bool {
        accepted != nil && outcome != .success && isVerdict && acceptance != .differs
    }

    /// Why the matrix accepts a failure, and whether that is the failure of the cell; nil if it accepts none.
    package var acceptanceWords: String? {
        switch acceptance {
        case .differs: accepted.map { "\($0) (this is not the accepted failure)" }
        case .stale: accepted.map { "\($0) (the cell is good: remove the acceptance)" }
        case .holds, nil: accepted
        }
    }

    /// Whether the cell is required, and is neither good nor excluded nor an accepted failure.
    package var isRequiredAndNotGood: Bool {
        required && acceptance != .holds && state != Outcome.success.rawValue && state != "excluded"
    }
}

/// The combined state of several cells; `unavailable` takes precedence over `notGood`.
package enum OverallState: Sendable {
    /// All required cells are good.
    case good
    /// A required cell is not good.
    case notGood
    /// A required cell has an infrastructure failure or is blocked by one, so nothing is known about its package.
    case unavailable
}
