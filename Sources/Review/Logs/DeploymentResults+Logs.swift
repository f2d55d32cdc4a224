internal import Core
internal import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// The log that explains a cell's state: of the job that decided it or of the job that blocks it.
    ///
    /// - Parameter known: A log that was already read, which avoids reading it again.
    /// - Throws: `Failure` of the category `input` if there is no such log, `unavailable` if the store no longer has
    ///   it; `StoreError`.
    package func log(
        of state: CellState, _ choice: LogChoice = LogChoice(), known: (digest: String, bytes: [UInt8])? = nil
    ) throws -> JobLogText {
        let (attempt, digest, title) = try attempt(choice, at: state)
        return try text(
            of: attempt, digest, as: attempt.words.map { "\(title ?? "\(state.cell)"), \($0)" } ?? title,
            choice.phase, state, known: known)
    }

    /// The lines of a cell's log around its error; nil if nothing failed.
    ///
    /// - Parameters:
    ///   - regions: The regions of logs that were already read; completed by this one.
    ///   - known: A log that was already read.
    /// - Throws: As for `log(of:_:known:)`.
    package func errorRegion(
        of state: CellState, in regions: ErrorRegions? = nil, known: (digest: String, bytes: [UInt8])? = nil
    ) throws -> ErrorRegion? {
        let (attempt, digest, _) = try attempt(LogChoice(), at: state)
        guard attempt.isFailure else { return nil }
        return try (regions ?? ErrorRegions()).region(of: digest, attempt.error) {
            try text(of: attempt, digest, as: nil, nil, state, known: known).errorRegion
        }
    }

    /// The chosen attempt at the job of a cell, the digest of its log, and its title if it is not the cell's own.
    private func attempt(
        _ choice: LogChoice, at state: CellState
    ) throws -> (attempt: Attempt, log: Digest, title: String?) {
        let (result, title) = try source(of: state, choice)
        let attempt = try attempt(choice.attempt, of: result, for: state)
        guard let digest = attempt.log else {
            let words = choice.attempt.map { "attempt \($0) of \(state.cell)" } ?? "\(state.cell)"
            throw Failure(.input, "\(words) has no log: it is \(state.state)", hint: state.reason)
        }
        return (attempt, digest, title)
    }

    private func text(
        of attempt: Attempt, _ digest: Digest, as title: String?, _ phase: Phase?, _ state: CellState,
        known: (digest: String, bytes: [UInt8])?
    ) throws -> JobLogText {
        guard let bytes = try known?.digest == digest.hex ? known?.bytes : store.logs.read(digest) else {
            throw Failure(
                .unavailable, "the log \(digest) of \(state.cell) is not in this store",
                hint: "logs stay with the store that ran the job, or were removed by 'ci store gc'")
        }
        return JobLogText(
            bytes, title: title, recorded: attempt.error, isOfFailure: attempt.isFailure, isRead: attempt.error == nil,
            sections: try phase.map { try Self.sections(of: $0, in: bytes, of: state.cell) })
    }

    /// The result whose log is requested, and its title if it is not the cell's own.
    private func source(of state: CellState, _ choice: LogChoice) throws -> (CellResult?, title: String?) {
        if choice.isOfBuild, let build = try buildOfTested(state) {
            return (build, "the build of \(state.cell), a \(build.outcome.rawValue)")
        }
        if let result = try recorded(state), result.log != nil || choice.attempt != nil {
            let isOfTests = state.kind == .test
            return (
                result,
                isOfTests ? "the tests of \(state.cell): \(state.words) (--build shows the log of its build)" : nil
            )
        }
        let blocker = try blocker(of: state)
        return (blocker, blocker.map { "\($0.cell), which blocks \(state.cell)" })
    }

    /// The document of the result that a state was read from.
    private func recorded(_ state: CellState) throws -> CellResult? {
        guard let job = state.job.flatMap(Digest.init(hex:)) else { return nil }
        return try result(ofJob: job, as: state.cell)
    }

    private func result(ofJob job: Digest, as cell: Cell) throws -> CellResult? {
        let branch = ResultBranch(deployment: header.deployment, target: cell.target)
        return try branch.result(ofJob: job, as: cell, in: store.snapshot(Branch(branch.name)))
    }

    private struct Attempt {
        var log: Digest?
        var error: CellResult.LoggedError?
        var isFailure: Bool
        /// A description of the choice; nil for the default.
        var words: String?
    }

    /// One of the attempts at a job: infrastructure failures come first, then attempts to confirm a failure.
    private func attempt(_ number: Int?, of result: CellResult?, for state: CellState) throws(Failure) -> Attempt {
        let isFailure = [.failure, .infrastructure].contains(result?.outcome)
        let recorded = Attempt(log: result?.log, error: result?.error, isFailure: isFailure)
        guard let number else { return recorded }
        let failed = (result?.failedAttempts ?? []).map { Attempt(log: $0.log, error: $0.error, isFailure: true) }
        let confirming = result?.confirmation?.map {
            Attempt(log: $0.log, error: $0.error, isFailure: $0.outcome == .failure)
        }
        let attempts = failed + (confirming ?? [recorded])
        guard result != nil, attempts.indices.contains(number - 1) else {
            throw Failure(
                .input, "\(state.cell) has no attempt \(number)",
                hint: result == nil ? "it is \(state.state)" : "it has \(count(attempts.count, "attempt"))")
        }
        var attempt = attempts[number - 1]
        attempt.words = "attempt \(number) of \(attempts.count)"
        return attempt
    }

    private static func sections(
        of phase: Phase, in log: [UInt8], of cell: Cell
    ) throws(Failure) -> [Range<Int>] {
        let phases = LogPhases(of: log)
        if let sections = phases.sections[phase] { return sections }
        let names = phases.names.map(\.rawValue).joined(separator: ", ")
        throw Failure(
            .input, "the log of \(cell) has no phase '\(phase.rawValue)'",
            hint: names.isEmpty ? "it has none at all: no command was run" : "it has \(names)")
    }

    /// The result of the build of a cell that is decided by its tests; nil if there is none.
    private func buildOfTested(_ state: CellState) throws -> CellResult? {
        let planned = try cells(picked: [Selector(cell: state.cell)]).first
        guard case .jobs(let build, _?) = planned?.basis else { return nil }
        return try result(ofJob: build, as: state.cell)
    }

    /// The result of the failed job that blocks a cell: the job of another cell or of an input.
    private func blocker(of state: CellState) throws -> CellResult? {
        guard let blocker = state.blockedBy else { return nil }
        let cell = Cell(target: state.cell.target, compiler: state.cell.compiler, package: blocker)
        let snapshot = try store.snapshot(
            Branch(ResultBranch(deployment: header.deployment, target: cell.target).name))
        let path = try StorePath(ResultPath.cell(cell))
        let inputs = try StorePath(components: [cell.compiler, blocker.name, blocker.version])
        let paths = try [path] + snapshot.list(inputs).map { try inputs.appending($0.name) }
        for path in paths {
            if let result = try snapshot.value(CellResult.self, at: path), result.outcome == .failure { return result }
        }
        return nil
    }
}
