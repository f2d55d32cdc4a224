internal import Core
internal import Documents
internal import Review
internal import Store

/// Reads a plan and what is known of its cells.
struct ResultsReader {
    let store: Store
    let plan: Plan
    private let tables: [String: ResultTable]

    /// Reads the newest results of a plan's deployment.
    init(store: Store, plan: Plan) throws {
        self.store = store
        self.plan = plan
        var tables: [String: ResultTable] = [:]
        for target in Set(plan.targets.map(\.name)) {
            let branch = ResultBranch(deployment: plan.deployment, target: target)
            tables[target] = try branch.table(in: store.snapshot(Branch(branch.name)))
        }
        self.tables = tables
    }

    /// Opens the store that a command names, and reads a deployment; nil: the only one there is.
    init(store option: StoreOption, deployment: String?) throws {
        let store = try Store(opening: option.path(in: Configuration.current()))
        try self.init(store: store, plan: Self.plan(of: deployment, in: store))
    }

    /// The newest plan of a deployment; nil: of the only one there is.
    ///
    /// - Throws: `Failure` where there is none, or several and none is named.
    static func plan(of deployment: String?, in store: Store) throws -> Plan {
        let plans = PlanStore(store)
        let names = try store.branches().map(\.name).filter { !$0.contains("/") }
        if let deployment {
            if let plan = try plans.load(deployment) { return plan }
            throw Failure(
                .input, "the store at '\(store.path)' has no deployment '\(deployment)'",
                hint: nearest(to: deployment, in: names).map { "did you mean '\($0)'?" })
        }
        let found = try names.compactMap { try plans.load($0) }
        guard let plan = found.first else {
            throw Failure(.input, "the store at '\(store.path)' has no plan", hint: "make one: ci plan MATRIX")
        }
        guard found.count == 1 else {
            throw Failure(
                .input, "the store has several deployments: \(found.map(\.deployment).joined(separator: ", "))",
                hint: "name one with --deployment")
        }
        return plan
    }

    /// The layer that a job left; nil where it has none.
    func layer(ofJob job: Digest, on target: String) -> Digest? {
        tables[target]?.result(ofJob: job)?.layer
    }

    /// The verdict on a cell; nil where there is none.
    func result(of cell: Cell) -> CellResult? {
        tables[cell.target]?.result(of: cell)
    }

    /// The states of the cells that any of the selectors picks (all where there is none), in order of their names.
    func states(picked selectors: [Selector]) throws -> [CellState] {
        let tasks = try TaskIndex(plan)
        return plan.cells.compactMap { planned in
            let result = result(of: planned.cell)
            let isPicked = selectors.contains {
                $0.picks(planned.cell, result: result, tasks: tasks.tasks(of: planned.cell))
            }
            guard selectors.isEmpty || isPicked else { return nil }
            return CellState(planned, result: result)
        }
    }

    /// The state of the one cell that a selector picks.
    ///
    /// - Throws: `Failure` where it picks none, or several.
    func state(picked selector: Selector) throws -> CellState {
        let states = try states(picked: [selector])
        guard let state = states.first else {
            throw Failure(.input, "no cell is picked by \(selector)", hint: "'ci results' lists the cells")
        }
        guard states.count == 1 else {
            let names = states.prefix(5).map(\.cell.description).joined(separator: ", ")
            throw Failure(
                .input, "\(states.count) cells are picked by \(selector): \(names)\(states.count > 5 ? " …" : "")",
                hint: "name one of them")
        }
        return state
    }

    /// The documents, by target, that hold the verdicts on cells and on what blocks them.
    func documents(of states: [CellState]) -> [String: [String]] {
        var paths: [String: Set<String>] = [:]
        for state in states {
            paths[state.cell.target, default: []].insert(ResultPath.cell(state.cell))
            guard let blocker = state.blockedBy else { continue }
            for (path, result) in tables[state.cell.target]?.results ?? [:]
            where result.cell.package == blocker && result.cell.compiler == state.cell.compiler {
                paths[state.cell.target, default: []].insert(path)
            }
        }
        return paths.mapValues { $0.sorted() }
    }

    /// The log of a cell, or of the job that blocks it.
    ///
    /// - Throws: `Failure` where there is none.
    func log(of state: CellState) throws -> [UInt8] {
        guard let digest = state.log.flatMap(Digest.init(hex:)) ?? logOfBlocker(of: state) else {
            throw Failure(.input, "\(state.cell) has no log: it is \(state.state)", hint: state.reason)
        }
        guard let log = try store.logs.read(digest) else {
            throw Failure(
                .infrastructure, "the log \(digest) of \(state.cell) is not in this store",
                hint: "logs stay with the store that ran the job, or were removed by 'ci store gc'")
        }
        return log
    }

    private func logOfBlocker(of state: CellState) -> Digest? {
        guard let blocker = state.blockedBy, let table = tables[state.cell.target] else { return nil }
        return table.results.values.first {
            $0.cell.package == blocker && $0.cell.compiler == state.cell.compiler && $0.outcome == .failure
        }?.log
    }
}
