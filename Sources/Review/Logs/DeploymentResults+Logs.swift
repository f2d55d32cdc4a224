internal import Core
internal import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// The log that explains the state of a cell: of the job that decided it, or of the job that blocks it.
    ///
    /// - Throws: `Failure`: `input` where there is no such log, `unavailable` where the store no longer has it; `StoreError`.
    package func log(of state: CellState, _ choice: LogChoice = LogChoice()) throws -> JobLogText {
        let (result, title) = try source(of: state, choice)
        let attempt = try attempt(choice.attempt, of: result, for: state)
        guard let digest = attempt.log else {
            let words = choice.attempt.map { "attempt \($0) of \(state.cell)" } ?? "\(state.cell)"
            throw Failure(.input, "\(words) has no log: it is \(state.state)", hint: state.reason)
        }
        guard var bytes = try store.logs.read(digest) else {
            throw Failure(
                .unavailable, "the log \(digest) of \(state.cell) is not in this store",
                hint: "logs stay with the store that ran the job, or were removed by 'ci store gc'")
        }
        if let phase = choice.phase { bytes = try Self.part(phase, of: bytes, of: state.cell) }
        return JobLogText(
            bytes: bytes, title: attempt.words.map { "\(title ?? "\(state.cell)"), \($0)" } ?? title,
            isOfFailure: !attempt.isLast || [.failure, .infrastructure].contains(result?.outcome),
            reason: attempt.reason)
    }

    /// The result whose log is wanted, and what to call it where that is not the cell itself.
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
        var reason: String?
        var isLast: Bool
        /// Which of several it is; nil where nobody asked.
        var words: String?
    }

    private func attempt(_ number: Int?, of result: CellResult?, for state: CellState) throws(Failure) -> Attempt {
        let earlier = result?.failedAttempts ?? []
        let last = Attempt(log: result?.log, reason: result?.reason, isLast: true)
        guard let number else { return last }
        guard result != nil, (1...earlier.count + 1).contains(number) else {
            throw Failure(
                .input, "\(state.cell) has no attempt \(number)",
                hint: result == nil ? "it is \(state.state)" : "it has \(count(earlier.count + 1, "attempt"))")
        }
        var attempt =
            number <= earlier.count
            ? Attempt(log: earlier[number - 1].log, reason: earlier[number - 1].reason, isLast: false) : last
        attempt.words = "attempt \(number) of \(earlier.count + 1)"
        return attempt
    }

    private static func part(_ phase: Phase, of log: [UInt8], of cell: Cell) throws(Failure) -> [UInt8] {
        let phases = LogPhases(of: log)
        if let part = phases[phase] { return part }
        let names = phases.names.map(\.rawValue).joined(separator: ", ")
        throw Failure(
            .input, "the log of \(cell) has no phase '\(phase.rawValue)'",
            hint: names.isEmpty ? "it has none at all: no command was run" : "it has \(names)")
    }

    /// The result of the build of a cell that its tests decide; nil where the cell has no other result than its own.
    private func buildOfTested(_ state: CellState) throws -> CellResult? {
        let planned = try cells(picked: [Selector(cell: state.cell)]).first
        guard case .jobs(let build, _?) = planned?.basis else { return nil }
        return try result(ofJob: build, as: state.cell)
    }

    /// The result of the failed job that blocks a cell: of a cell, or of a package that others need.
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
