internal import Core
internal import Git
package import Model
internal import Records
internal import Store

/// Follows the logs of the jobs that decide a cell until they have ended. The jobs may not have started yet, and may
/// run in any process.
package struct LogFollower: Sendable {
    /// An event of a follower.
    package enum Event: Sendable {
        /// A message for the user.
        case note(String)
        /// Bytes appended to the log.
        case bytes([UInt8])
    }

    private let store: Store
    private let deployment: String
    private let ofBuild: Bool
    private let branch: ResultBranch
    private let cell: Cell
    /// The name under which the configure job of a provisional cell is recorded if it succeeds; nil for other cells.
    private let configuration: Cell?
    /// The jobs in the order of their execution.
    private let jobs: [Digest]
    private let superseded: SupersededResults
    private let known: Set<String>

    /// The polling interval. It is long enough that verbose builds are read in large pieces.
    private static let interval = Duration.milliseconds(100)
    /// The number of polls without new output after which the writer may be gone.
    private static let idleLooks = 10

    /// - Parameter ofBuild: Whether to end after the build of a cell whose tests run as well.
    /// - Throws: `Failure` of the category `input` if the selector matches no cell, several cells, or one that no job
    ///   decides.
    package init(of selector: Selector, ofBuild: Bool, in results: DeploymentResults) throws {
        store = results.store
        deployment = results.header.deployment
        self.ofBuild = ofBuild
        (cell, jobs) = try Self.jobs(of: selector, ofBuild: ofBuild, in: results)
        configuration = try Self.configuration(of: cell, jobs, in: results)
        branch = ResultBranch(deployment: results.header.deployment, target: cell.target)
        superseded = try SupersededResults(in: results.store)
        // Infrastructure failures are retried, so only a later result ends the job.
        known = Set(
            try Self.results(of: cell, configuration, jobs, branch, in: results.store).filter {
                $0.outcome == .infrastructure
            }
            .map(\.identity))
    }

    private static func jobs(
        of selector: Selector, ofBuild: Bool, in results: DeploymentResults
    ) throws -> (Cell, [Digest]) {
        let picked = try results.cells(picked: [selector])
        if picked.isEmpty {
            // A package that is built only as an input has no cell, but its job runs under the same name.
            let running = try DispatchValues(results.store.ephemeral).running(of: results.header.deployment).filter {
                selector.picks(name: $0.cell)
            }
            if let job = running.first, running.count == 1, let id = Digest(hex: job.job) { return (job.cell, [id]) }
        }
        let state = try results.state(picked: selector)
        guard let planned = picked.first else {
            return (state.cell, [state.job.flatMap(Digest.init(hex:))].compactMap { $0 })
        }
        guard case .jobs(let build, let test) = planned.basis else {
            throw Failure(.input, "\(state.cell) has no job: it is \(state.state)", hint: state.reason)
        }
        guard state.outcome != .cancelled else {
            throw Failure(.input, "\(state.cell) is cancelled", hint: "run it again: ci retry \(state.cell)")
        }
        if let blocker = state.blockedBy, state.retry == true {
            let cause = Cell(target: state.cell.target, compiler: state.cell.compiler, package: blocker)
            throw Failure(.input, "\(state.cell) waits for \(cause)", hint: "follow that: ci log --follow \(cause)")
        }
        return (planned.cell, ofBuild ? [build] : [build, test].compactMap { $0 })
    }

    private static func configuration(of cell: Cell, _ jobs: [Digest], in results: DeploymentResults) throws -> Cell? {
        guard let planned = try results.cells(picked: [Selector(cell: cell)]).first, planned.isProvisional,
            let job = try jobs.first.flatMap(results.documents.job)
        else { return nil }
        return Cell(target: cell.target, compiler: cell.compiler, package: job.package)
    }

    private static func results(
        of cell: Cell, _ configuration: Cell?, _ jobs: [Digest], _ branch: ResultBranch, in store: Store
    ) throws -> [CellResult] {
        let snapshot = try store.snapshot(Branch(branch.name))
        let names = [cell, configuration].compactMap { $0 }
        let paths = [ResultPath.cell(cell)] + names.flatMap { name in jobs.map { ResultPath.input(name, job: $0) } }
        return try paths.compactMap { try snapshot.value(CellResult.self, at: StorePath($0)) }
    }

    /// Calls `body` with the contents of the logs and everything appended to them, until the jobs have ended.
    package func follow(_ body: (Event) throws -> Void) async throws {
        for (index, job) in jobs.enumerated() {
            if jobs.count > 1 { try body(.note("log of the \(index == 0 ? "build" : "tests") of \(cell)")) }
            let ending = try await follow(job, body)
            if let blocker = ending.blockedBy {
                let cause = Cell(target: cell.target, compiler: cell.compiler, package: blocker)
                try body(.note("\(cell) is blocked: see 'ci log \(cause)'"))
            }
            guard ending.outcome == .success || ending.job != job else { return }
        }
        guard configuration != nil else { return }
        try body(.note("waiting until the rest of \(cell) is planned"))
        try await continued().follow(body)
    }

    /// The follower of the jobs in the plan that continues a provisional cell.
    ///
    /// - Throws: `Failure` of the category `input` if the cell has no jobs then.
    private func continued() async throws -> LogFollower {
        let selector = Selector(cell: cell)
        var seen: ObjectID?
        while true {
            try Task.checkCancellation()
            let head = try store.snapshot(Branch(deployment)).commit
            if head != seen {
                seen = head
                let results = try DeploymentResults(store: store, deployment: deployment)
                if try results.cells(picked: [selector]).first?.isProvisional != true {
                    return try LogFollower(of: selector, ofBuild: ofBuild, in: results)
                }
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Follows one job through all its attempts.
    ///
    /// - Returns: The result that ended it, which may be that of a later job.
    private func follow(_ job: Digest, _ body: (Event) throws -> Void) async throws -> CellResult {
        var shown: Digest?
        var isWaiting = false
        while true {
            try Task.checkCancellation()
            if let ending = try ending(of: job) {
                if ending.job == job, let log = ending.log, log != shown, let bytes = try store.logs.read(log) {
                    try body(.bytes(bytes))
                }
                return ending
            }
            if let reader = try running(job) {
                isWaiting = false
                shown = try await follow(reader, body)
                continue
            }
            if !isWaiting, shown == nil { try body(.note("waiting for the job of \(cell) to start")) }
            isWaiting = true
            try await Task.sleep(for: Self.interval)
        }
    }

    private func running(_ job: Digest) throws -> RunningLogReader? {
        guard let name = store.logs.runningNames.first(where: { $0.hasPrefix("\(job).") }) else { return nil }
        return try store.logs.reader(running: name)
    }

    /// Follows one running log to its end.
    ///
    /// - Returns: The digest of the complete log.
    private func follow(_ reader: RunningLogReader, _ body: (Event) throws -> Void) async throws -> Digest {
        var whole: [UInt8] = []
        var idle = 0
        while true {
            let hasEnded = reader.hasEnded
            let bytes = try reader.read()
            whole += bytes
            if !bytes.isEmpty {
                idle = 0
                try body(.bytes(bytes))
            } else if hasEnded {
                return Digest(of: whole)
            } else {
                idle += 1
                if idle % Self.idleLooks == 0 { reader.removeIfLeftOver() }
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// The result that ends the job; nil if there is none yet.
    private func ending(of job: Digest) throws -> CellResult? {
        let results = try Self.results(of: cell, configuration, jobs, branch, in: store).filter {
            !superseded.contains($0) && !known.contains($0.identity)
        }
        let later = jobs.drop { $0 != job }.dropFirst()
        return results.first { $0.job == job }
            ?? results.first { $0.outcome == .blocked || $0.outcome == .cancelled }
            ?? results.first { $0.job.map(later.contains) ?? false }
    }
}
