internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat

/// Puts the documents of a plan together: cells, jobs and packages that come and go, tasks, the header.
struct PlanAssembly {
    let inputs: PlanInputs
    private let base: PreviousPlan?
    private(set) var documents: PlanDocuments
    /// Those of the new plan.
    private(set) var jobs: JobUses

    init(inputs: PlanInputs, base: PreviousPlan?) {
        self.inputs = inputs
        self.base = base
        documents = PlanDocuments(base: base?.snapshot)
        jobs = base?.memory.jobs ?? JobUses()
    }

    /// Adds the cells of a column.
    mutating func add(_ cells: CellDocuments) {
        documents.set(cells.documents)
    }

    // MARK: Jobs

    /// Adds the jobs that cells need now, and removes those that no cell needs any more, with their packages.
    mutating func setJobs(_ graphs: [JobGraph], _ cells: [CellDocuments]) throws {
        var tally = JobReferenceCounts(jobs, adding: graphs)
        do {
            // What is still needed is counted first, so that nothing goes to come again.
            try tally.retain(cells.flatMap(\.retained))
            try tally.release(cells.flatMap(\.released))
        } catch {
            throw IncrementalPlanner.UnusableBase()
        }
        for place in tally.come {
            let graph = graphs[place.graph]
            try documents.addJob(graph.ids[place.number], graph.documents[place.number])
        }
        for id in tally.gone { try documents.removeJob(id) }
        let files = graphs.map(\.reader.files)
        for digest in tally.packagesCome {
            guard let files = files.lazy.compactMap({ $0[digest] }).first else {
                throw IncrementalPlanner.UnusableBase()
            }
            try documents.addPackage(digest, files)
        }
        for digest in tally.packagesGone { try documents.removePackage(digest) }
        jobs = tally.uses
    }

    // MARK: Tasks and the header

    mutating func setHeader(
        _ columns: [Column], _ memories: [ColumnState], _ cells: [CellDocuments]
    ) throws -> PlanHeader {
        try documents.setTasks(
            zip(columns, memories).compactMap { column, memory in
                memory.packages.count == 0 ? nil : task(column, memory)
            })
        let header = PlanHeader(
            deployment: inputs.matrix.deployment.value, repositories: repositories(of: columns),
            targets: targets(of: columns), columns: try counts(columns, cells), jobs: jobs.jobs.keys.count,
            inputs: try inputs.digest, sources: inputs.moving?.found ?? [:])
        try documents.setHeader(header)
        return header
    }

    private func counts(_ columns: [Column], _ cells: [CellDocuments]) throws -> [PlanColumn] {
        try zip(columns, cells).compactMap { column, cells in
            let (target, compiler) = (column.target.name.value, column.compiler.name.value)
            let before = base?.header.columns.first { $0.target == target && $0.compiler == compiler }
            let counts = (before?.cells ?? CellCounts()) - cells.gone + cells.come
            guard counts.total >= 0 else { throw IncrementalPlanner.UnusableBase() }
            return counts.total == 0 ? nil : PlanColumn(target: target, compiler: compiler, cells: counts)
        }.sorted { ($0.target, $0.compiler) < ($1.target, $1.compiler) }
    }

    private func repositories(of columns: [Column]) -> [Plan.Repository] {
        var seen: Set<Plan.Repository> = []
        return columns.flatMap(\.source.repositories).filter { seen.insert($0).inserted }
    }

    private func targets(of columns: [Column]) -> [Plan.Target] {
        let targets = Set(columns.map(\.profile.target))
        return targets.sorted { left, right in
            left.name != right.name ? left.name < right.name : !left.systemCompiler && right.systemCompiler
        }
    }

    private func task(_ column: Column, _ memory: ColumnState) -> PlannedTask {
        let requests = memory.requests
        return PlannedTask(
            target: column.target.name.value, compiler: column.compiler.name.value,
            roots: column.roots.map { root in
                root.versions.isEmpty ? root.name.text : root.description
            },
            repositories: column.source.repositories, environment: column.profile.target.environment,
            plugin: column.profile.target.plugin,
            pins: Dictionary(uniqueKeysWithValues: column.pins.map { ($0.key.text, $0.value.text) }),
            packages: requests.count, requests: Digest(of: requests.lines))
    }
}
