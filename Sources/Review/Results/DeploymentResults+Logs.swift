internal import Core
internal import Model
internal import Store

extension DeploymentResults {
    /// The log of a job, as the job printed it: control characters are not removed.
    package struct Log: Sendable {
        /// The log as the job printed it.
        package var bytes: [UInt8]
        /// Which job the log is of, where that is not obvious from the cell; else nil.
        package var title: String?
    }

    /// The log that explains the state of a cell: of the job that decided it, or of the job that blocks it.
    ///
    /// - Parameter ofBuild: whether to read the log of the build where tests decided the cell.
    /// - Throws: `Failure`: `input` where there is no log, `unavailable` where the store no longer has it; `StoreError`.
    package func log(of state: CellState, ofBuild: Bool) throws -> Log {
        if ofBuild, let build = try buildOfTested(state) {
            return try read(build.log, of: state, title: "the build of \(state.cell), a \(build.outcome.rawValue)")
        }
        if let digest = state.log.flatMap(Digest.init(hex:)) {
            let title =
                state.kind == .test
                ? "the tests of \(state.cell): \(state.words) (--build shows the log of its build)" : nil
            return try read(digest, of: state, title: title)
        }
        let blocker = try blocker(of: state)
        return try read(blocker?.log, of: state, title: blocker.map { "\($0.cell), which blocks \(state.cell)" })
    }

    /// The result of the build of a cell that its tests decide; nil where the cell has no other result than its own.
    private func buildOfTested(_ state: CellState) throws -> CellResult? {
        let planned = try cells(picked: [Selector(cell: state.cell)]).first
        guard case .jobs(let build, _?) = planned?.basis else { return nil }
        return try index.result(ofJob: build, as: state.cell, in: store)
    }

    private func read(_ digest: Digest?, of state: CellState, title: String?) throws -> Log {
        guard let digest else {
            throw Failure(.input, "\(state.cell) has no log: it is \(state.state)", hint: state.reason)
        }
        guard let bytes = try store.logs.read(digest) else {
            throw Failure(
                .unavailable, "the log \(digest) of \(state.cell) is not in this store",
                hint: "logs stay with the store that ran the job, or were removed by 'ci store gc'")
        }
        return Log(bytes: bytes, title: title)
    }

    private func blocker(of state: CellState) throws -> CellResult? {
        guard let blocker = state.blockedBy else { return nil }
        let cell = Cell(target: state.cell.target, compiler: state.cell.compiler, package: blocker)
        for isInput in [false, true] {
            guard let place = index.contents.place(of: cell, isInput: isInput) else { continue }
            if let result = try index.result(at: place, in: store), result.outcome == .failure { return result }
        }
        return nil
    }
}
