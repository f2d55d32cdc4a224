internal import Core
internal import Engine
internal import Foundation
internal import Matrix
internal import Model
internal import PlanSession
internal import Records
internal import Review
internal import Store
internal import System
internal import Worker

/// Finds the commit that made a cell bad, of a repository or of a source, by building the cell at commits in between.
///
/// - SeeAlso: `docs/decisions/0222-bisection-deployment.md`
struct CommitSearch {
    /// The inputs of the matrix as it is.
    private let loader: PlanInputLoader
    private let store: Store
    private let runner: LocalRunner
    private let registration: WorkerRegistration
    private let report: BisectReport
    /// The histories whose commits differ between the good and the bad result.
    private let histories: [CommitHistory]
    private let deployment: String
    /// Verdicts on jobs that runs and earlier bisections recorded, also those that others replaced since.
    private let known: [Digest: CellResult]
    private let isQuiet: Bool

    /// - Throws: `Failure` if the matrix cannot be planned, or nothing that it reads from git changed in between.
    init(_ command: BisectCommand, matrix: String, _ report: BisectReport, _ results: DeploymentResults) async throws {
        let configuration = try Configuration.current()
        let path = try command.store.path(in: configuration)
        try WritableDirectory.checkTemporary(configuration.environment.temporaryDirectory)
        store = results.store
        try store.requireWritable()
        let catalog = try command.machine.catalog(configuration)
        loader = try command.machine.planInputs(
            of: MatrixFile(path: matrix), store: path, catalog: catalog, command.repositories, configuration)
        runner = try command.machine.runner(store: path, catalog: catalog, configuration) {
            [logs = results.store.logs] in
            try logs.begin($0)
        }
        let slots = try command.jobs.slots(in: configuration)
        var registration = try command.machine.registration(
            of: "ci bisect", store: path, catalog: catalog, slots: slots, configuration)
        registration.deployment = "\(results.header.deployment)@bisect"
        self.registration = registration
        self.report = report
        deployment = "\(results.header.deployment)@bisect"
        isQuiet = command.messages.quiet
        known = try ResultBranch(deployment: deployment, target: report.cell.target).verdictsInHistory(of: store)
            .merging(results.recordedVerdicts(of: report.cell)) { $1 }
        guard let good = try results.planHeader(of: report.good), let bad = try results.planHeader(of: report.bad)
        else {
            throw Failure(
                .input, "the plans of the good and of the bad result are no longer in the store",
                hint: "without --run, 'ci bisect' shows the recorded changes")
        }
        histories = try await loader.histories(from: good, to: bad)
    }

    /// The result of the search: the first bad commit, or the remaining candidates.
    struct Found: Encodable {
        /// The cell that was built.
        var cell: Cell
        /// The location of the repository or the address of the source with the candidates. Absent if there are none.
        var repository: String?
        /// The candidates for the first bad commit, oldest first: exactly one if it was found, none if each repository
        /// and source with all its changes undone leaves the cell bad.
        var commits: [HistoryCommit]
        /// The number of commits that were tried.
        var tries: Int
        /// What changed between the last good and the first bad commit. Absent if unknown.
        var changes: [InputChange]?

        /// The output in the text format.
        var lines: [String] {
            guard let repository else {
                return [
                    "\(cell): no repository or source alone made it bad: it is bad at their last good commits as well",
                    "next: ci bisect \(cell)  (what else changed)",
                ]
            }
            guard commits.count == 1, let commit = commits.first else {
                return [
                    "\(cell): the first bad commit is one of \(commits.count) in \(repository), after \(count(tries, "build")):"
                ] + commits.prefix(15).map { "  \($0.id.prefix(12))  \($0.subject)" }
            }
            return ["\(cell): the first bad commit is \(commit.id) in \(repository)", "  \(commit.subject)"]
                + (changes ?? []).prefix(15).map { "  \($0.text)" }
        }
    }

    /// A commit that was built, and its result.
    private struct Step {
        var outcome: Outcome
        var reason: String?
        var inputs: JobInputs?
        /// Whether the matrix cannot be planned at the commit.
        var isUnplannable = false
    }

    func run() async throws -> Found {
        for history in histories {
            let start = try await build(history.subject, at: history.start)
            // If the commit cannot be decided, the recorded result counts: the cell was good with it.
            guard start.outcome == .success || !start.outcome.isVerdict else {
                printLine("  \(history.subject.location) is not the cause: bad at \(history.start.prefix(12)), too")
                continue
            }
            return try await search(history, start)
        }
        return Found(cell: report.cell, commits: [], tries: histories.count)
    }

    /// Narrows the commits of a history down to the first bad one.
    private func search(_ history: CommitHistory, _ start: Step) async throws -> Found {
        let commits = history.commits
        var bisection = Bisection(count: commits.count)
        var steps = [-1: start]
        while let next = bisection.next {
            try Task.checkCancellation()
            let commit = commits[next]
            printLine(
                "\(count(bisection.remaining.count, "commit")) left, about \(count(bisection.tries, "build")): \(commit.id.prefix(12))  \(commit.subject)"
            )
            let step = try await build(history.subject, at: commit.id)
            steps[next] = step
            printLine("  \(step.outcome.rawValue)" + (step.reason.map { ": \($0)" } ?? ""))
            switch step.outcome {
            case .success: bisection.markGood(next)
            case .failure, .blocked, .unsolvable: bisection.markBad(next)
            case .infrastructure, .cancelled: bisection.skip(next)
            }
        }
        if let last = commits.last, steps.allSatisfy({ $0.key < 0 || $0.value.isUnplannable }), steps.count > 1 {
            // The matrix itself may be wrong.
            _ = try await documents(history.subject, at: last.id)
        }
        var found = Found(
            cell: report.cell, repository: history.subject.location, commits: Array(commits[bisection.remaining]),
            tries: steps.count - 1)
        if found.commits.count == 1 {
            found.changes = try await changes(at: bisection.remaining.lowerBound, of: history, steps)
        }
        return found
    }

    private func printLine(_ line: String) {
        if !isQuiet { StandardError.print(line) }
    }

    /// The differences between the plans of the first bad commit and its predecessor.
    private func changes(at index: Int, of history: CommitHistory, _ steps: [Int: Step]) async throws
        -> [InputChange]?
    {
        func inputs(at index: Int) async throws -> JobInputs? {
            if let step = steps[index] { return step.inputs }
            return try await self.inputs(history.subject, at: history.commits[index].id)
        }
        guard let before = try await inputs(at: index - 1), let after = try await inputs(at: index) else { return nil }
        return try InputChange.changes(from: before, to: after)
    }

    private func inputs(_ subject: CommitHistory.Subject, at commit: String) async throws -> JobInputs? {
        guard case .success(let documents) = try await plan(subject, at: commit) else { return nil }
        guard let planned = try cell(in: documents), case .jobs(let build, let test) = planned.basis else { return nil }
        return try JobInputs(of: test ?? build, on: planned.cell.target, in: documents)
    }

    /// The plan of the matrix at a commit of one history, and at the last commits of the others: those of the bad
    /// result.
    private func documents(_ subject: CommitHistory.Subject, at commit: String) async throws -> PlanDocuments {
        let inputs = histories.reduce(loader) { inputs, history in
            let last = history.commits.last?.id ?? history.start
            return inputs.with(history.subject, at: history.subject == subject ? commit : last)
        }
        return try await PlanSession(inputs, store: store.path, isDry: true).plan().documents
    }

    /// The plan at a commit, or why it cannot be planned, for example because it lacks a package that the matrix names.
    private func plan(
        _ subject: CommitHistory.Subject, at commit: String
    ) async throws -> Result<PlanDocuments, Failure> {
        do {
            return .success(try await documents(subject, at: commit))
        } catch let failure as Failure where failure.category == .input {
            return .failure(failure)
        }
    }

    // MARK: A commit

    /// Builds the cell at a commit. Of a unikernel, the configure job runs first; then the commit is planned again.
    private func build(_ subject: CommitHistory.Subject, at commit: String) async throws -> Step {
        let (step, isProvisional) = try await buildOnce(subject, at: commit)
        // The success of a configure job decides nothing.
        guard isProvisional, step.outcome == .cancelled else { return step }
        return try await buildOnce(subject, at: commit).step
    }

    /// - Returns: The result, and whether the cell was only planned as far as its configure job.
    private func buildOnce(
        _ subject: CommitHistory.Subject, at commit: String
    ) async throws -> (step: Step, isProvisional: Bool) {
        switch try await plan(subject, at: commit) {
        case .success(let documents):
            let planned = try cell(in: documents)
            return (try await build(planned, in: documents), planned?.isProvisional ?? false)
        case .failure(let failure):
            let reason = "it cannot be planned: \(failure.diagnostics.first?.message ?? "")"
            return (Step(outcome: .cancelled, reason: reason, isUnplannable: true), false)
        }
    }

    private func build(_ planned: PlannedCell?, in documents: PlanDocuments) async throws -> Step {
        guard let header = try documents.header(), let planned else {
            return Step(outcome: .cancelled, reason: "the plan has no such cell")
        }
        guard case .jobs(let build, let test) = planned.basis else {
            if case .unsolvable(let explanation) = planned.basis {
                return Step(outcome: .unsolvable, reason: planned.cause?.sentence ?? explanation)
            }
            return Step(outcome: .cancelled, reason: "the matrix excludes the cell")
        }
        let inputs = try JobInputs(of: test ?? build, on: planned.cell.target, in: documents)
        let recorded = [test, build].lazy.compactMap { $0.flatMap { known[$0] } }.first { planned.isDecided(by: $0) }
        if let recorded { return Step(outcome: recorded.outcome, reason: recorded.reason, inputs: inputs) }
        let plan = Plan(
            deployment: deployment, repositories: header.repositories, targets: header.targets, cells: [planned],
            jobs: try jobs(below: [build, test].compactMap { $0 }, in: documents))
        try await DeploymentRun(store: store, plan: plan, runner: runner, registration: registration, trigger: "bisect")
            .run(
                files: { digest in
                    guard let files = try documents.files(digest) else {
                        throw Failure(.bug, "the plan has no package files \(digest)")
                    }
                    return files
                }, observe: { _ in })
        let branch = ResultBranch(deployment: deployment, target: planned.cell.target)
        let path = try StorePath(ResultPath.cell(planned.cell))
        let result = try store.snapshot(Branch(branch.name)).value(CellResult.self, at: path)
        guard let result, planned.isDecided(by: result) else { return Step(outcome: .cancelled, inputs: inputs) }
        // Nothing is known about a cell that an infrastructure failure of a dependency blocks.
        return Step(
            outcome: result.isBlockedByInfrastructure ? .infrastructure : result.outcome, reason: result.reason,
            inputs: inputs)
    }

    /// The cell in a plan: with the version of the bad result, that of the good one, or the only version.
    private func cell(in documents: PlanDocuments) throws -> PlannedCell? {
        let wanted = report.cell
        let shard = CellShard(of: wanted)
        let versions = try documents.cells(in: shard).filter { $0.cell.position == wanted.position }
        return versions.first { $0.cell.package == report.bad.package }
            ?? versions.first { $0.cell.package == report.good.package } ?? versions.last
    }

    private func jobs(below ids: [Digest], in documents: PlanDocuments) throws -> [Digest: Job] {
        var (jobs, open): ([Digest: Job], [Digest]) = ([:], ids)
        while let next = open.popLast() {
            guard jobs[next] == nil, let job = try documents.job(next) else { continue }
            jobs[next] = job
            open += job.inputs
        }
        return jobs
    }
}
