internal import Core
internal import Model
internal import Records
internal import Review
internal import Store

/// Finds causes to notify about: confirmed regressions of packages whose own commands fail with an error that the
/// package never had before. Only reads the store.
struct NoticeFinder {
    private let results: DeploymentResults
    private let cells: [Cell: ListedCell]
    private let causes: [Cause]
    /// Finished and unfinished runs, newest first.
    private let runs: [RunRecord]

    /// The number of affected packages above which a notice is held for the operator.
    static let heldPackages = 50
    /// The number of good runs after which a notice is closed.
    private static let goodRuns = 2

    init(_ results: DeploymentResults) throws {
        self.results = results
        cells = Dictionary(
            try results.listedCells().map { ($0.state.cell, $0) }, uniquingKeysWith: { first, _ in first })
        causes = try results.causes()
        runs = try RunRecords(of: results.header.deployment, in: results.store).newest(limit: 1000)
    }

    /// The newest finished run, the only one that notices are created for. Nil if there is none.
    var run: Int? { runs.first { $0.ending == .finished }?.number }

    /// The notices of the newest run that are not yet open, and the open notices that are now closed.
    func changes(to known: [Notice]) throws -> [Notice] {
        let open = Set(known.filter { $0.closed == nil }.map(\.cause))
        let closed = known.filter { $0.closed == nil }.compactMap(self.closed)
        let found = try causes.filter { $0.kind == .failure && !open.contains($0.id) }.compactMap(notice)
        return closed + found
    }

    private func notice(of cause: Cause) throws -> Notice? {
        guard let run else { return nil }
        let broken = try cause.cells.filter { cell in
            guard let listed = cells[cell], listed.sinceRun == run, !listed.state.isAcceptedFailure else {
                return false
            }
            return try listed.standing == .broken || listed.standing == .stillFailing && wasBuilt(cell)
        }
        var reported: [Cell] = []
        for (package, own) in Dictionary(grouping: broken, by: \.package).sorted(by: { $0.key < $1.key }) {
            guard try own.contains(where: isConfirmed), try isNew(cause.signature, of: package, before: run) else {
                continue
            }
            reported += own
        }
        guard !reported.isEmpty else { return nil }
        let spoilt = Set((cause.cells + cause.blocks).map(\.package.name)).count
        return Notice(
            cause: cause.id, run: run, sentence: cause.reason ?? cause.signature ?? "no error message",
            signature: cause.signature, phase: cause.phase, packages: Set(reported.map(\.package)).sorted(),
            cells: reported.sorted(), blocks: cause.blocks.count, spoilt: spoilt,
            isHeld: spoilt > Self.heldPackages || breaksTarget(cause), closed: nil, deliveries: [:], closings: [:])
    }

    /// Whether the job was run again to confirm the failure, and failed each time.
    private func isConfirmed(_ cell: Cell) throws -> Bool {
        guard let runs = try result(of: cell)?.confirmation, runs.count > 1 else { return false }
        return runs.allSatisfy { $0.outcome == .failure }
    }

    /// Whether a cell that failed was blocked or unsolvable before, and the package succeeded when its own commands
    /// were last run.
    private func wasBuilt(_ cell: Cell) throws -> Bool {
        guard let result = try result(of: cell), let previous = result.previous?.outcome else { return false }
        return (previous == .blocked || previous == .unsolvable) && result.buildBefore?.outcome == .success
    }

    private func result(of cell: Cell) throws -> CellResult? {
        let branch = ResultBranch(deployment: results.header.deployment, target: cell.target)
        return try results.store.snapshot(Branch(branch.name))
            .value(CellResult.self, at: StorePath(ResultPath.cell(cell)))
    }

    /// Whether no earlier result of the package, in any version and column, has this signature.
    private func isNew(_ signature: String?, of package: PackageVersion, before run: Int) throws -> Bool {
        for column in results.header.columns {
            let versions = results.index.versions(
                of: package.name, target: column.target, compiler: column.compiler)
            for version in versions {
                let isKnown = try results.index.history(of: version).contains { result in
                    result.outcome == .failure && result.signature == signature && (result.run ?? 0) < run
                }
                if isKnown { return false }
            }
        }
        return true
    }

    /// Whether a cause leaves no good cell on one of the targets.
    private func breaksTarget(_ cause: Cause) -> Bool {
        let affected = Dictionary(grouping: cause.cells + cause.blocks, by: \.target)
        return affected.contains { target, broken in
            let decided = cells.values.filter { listed in
                listed.state.cell.target == target && listed.state.isVerdict && listed.state.outcome != .unsolvable
            }
            return broken.count > 1 && broken.count == decided.count
        }
    }

    /// The notice marked as closed if all cells that it affected were good in two complete runs or are no longer
    /// planned; otherwise nil.
    private func closed(_ notice: Notice) -> Notice? {
        let affected = notice.cells.compactMap { cells[$0] }
        guard affected.allSatisfy({ $0.state.outcome == .success }) else { return nil }
        if let first = affected.map({ $0.sinceRun ?? .max }).max() {
            let good = runs.count { $0.ending == .finished && $0.selectors == nil && $0.number >= first }
            guard good >= Self.goodRuns else { return nil }
        }
        var closed = notice
        closed.closed = run
        return closed
    }

    /// The state of the deployment in the terms of commit statuses: `success`, `failure`, or `error` if it is unknown;
    /// and a sentence that describes it.
    func status() throws -> (state: String, words: String) {
        let required = cells.values.filter { $0.state.required && $0.state.state != "excluded" }
        let bad = required.filter { $0.state.isRequiredAndNotGood }
        let undecided = bad.count { !$0.state.isVerdict }
        let words =
            bad.isEmpty
            ? "all \(count(required.count, "required cell")) are good"
            : "\(bad.count) of \(count(required.count, "required cell")) are not good"
                + (undecided == 0 ? "" : ", of which \(undecided) undecided")
        switch try results.overallState(picked: []) {
        case .good: return ("success", words)
        case .notGood: return ("failure", words)
        case .unavailable: return ("error", words)
        }
    }

    /// The cells that a recipient has subscribed to.
    func cells(picked selector: Selector) throws -> Set<Cell> {
        Set(try results.cells(picked: [selector]).map(\.cell))
    }
}
