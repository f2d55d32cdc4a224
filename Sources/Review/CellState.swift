internal import Core
package import Model

/// A cell of a plan with what is known of it: a line of the results.
package struct CellState: Codable, Sendable, Hashable {
    /// The cell.
    package var cell: Cell
    /// `pending` where there is no verdict yet, `excluded` where the matrix leaves it out, else an `Outcome`; `unsolvable`
    /// as soon as the plan says so.
    package var state: String
    /// Whether the matrix requires the cell to be good.
    package var required: Bool
    /// Why a failure is accepted, where it is.
    package var accepted: String?
    /// What the result makes of the acceptance; absent where no failure is accepted, or the cell has neither failed nor
    /// succeeded.
    package var acceptance: AcceptanceState?
    /// The address of the issue about the accepted failure.
    package var tracker: String?
    /// The constraint that leaves the cell without a solution.
    package var cause: UnsolvableCause?
    /// The phase that failed; nil where none did.
    package var phase: Phase?
    /// The normalised error line, equal for equal failures.
    package var signature: String?
    /// The error line, the explanation of the solver, or why the matrix leaves the cell out.
    package var reason: String?
    /// The package whose failure blocks the cell.
    package var blockedBy: PackageVersion?
    /// Seconds of wall clock.
    package var duration: Double?
    /// The digest of the log, in hexadecimal.
    package var log: String?
    /// The id of the job that decided the cell.
    package var job: String?
    /// Whether the job, and the log, are of the package's build or of its tests; nil where no job decides.
    package var kind: Job.Kind?
    /// The host that the job ran on and what that is; absent for a sandbox.
    package var machine: String?
    /// Files of other packages that the job changed, as the matrix allows.
    package var overwrites: [CellResult.Overwrite]?
    /// The last verdict on the package in this column, where the result says nothing about it. Absent otherwise.
    package var previous: PreviousVerdict?
    /// True where a retry was requested: the next run decides the cell again. Absent otherwise.
    package var retry: Bool?

    /// The state of a planned cell.
    ///
    /// - Parameters:
    ///   - result: the recorded verdict, which counts only for what the plan now says.
    ///   - isRetried: whether a retry was requested after it.
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
            // The plan itself is the verdict; a run only records it.
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
        if !result.outcome.isVerdict {
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

    /// The outcome; nil where the cell is pending or excluded.
    package var outcome: Outcome? { Outcome(rawValue: state) }

    /// The state in a few words: `failure in build`, `blocked by dune`, `success with tests` where the tests passed too.
    package var words: String { verdictWords + (previous.map { " (was \($0.words))" } ?? "") + retryWords }

    /// The state in words, without the verdict before it.
    var ownWords: String { verdictWords + retryWords }

    /// What follows the state in words where a retry was requested and no run has decided the cell again; else empty.
    package var retryWords: String { retry == true ? " (retry pending)" : "" }

    private var verdictWords: String {
        if let blockedBy { return "\(state) by \(blockedBy.name)" }
        if let phase { return "\(state) in \(phase.rawValue)" }
        return kind == .test && outcome == .success ? "\(state) with tests" : state
    }

    /// Whether the cell is not good in the way that is accepted.
    package var isAcceptedFailure: Bool {
        accepted != nil && outcome != .success && outcome?.isVerdict == true && acceptance != .differs
    }

    /// Whether the matrix requires the cell, and it is neither good nor excluded nor fails as the matrix accepts.
    package var isRequiredAndNotGood: Bool {
        required && acceptance != .holds && state != Outcome.success.rawValue && state != "excluded"
    }
}

/// What the states of several cells come to; `unavailable` outweighs `notGood`.
package enum OverallState: Sendable {
    /// All required cells are good.
    case good
    /// A required cell is not good.
    case notGood
    /// The infrastructure failed a required cell, so that nothing is known about its package.
    case unavailable
}
