internal import Core
internal import Matrix
internal import Model
internal import OpamFormat

/// Assembles a plan as an update of the previous one: added and removed cells, jobs and packages, the tasks and the
/// header.
struct PlanAssembly {
    let inputs: PlanInputs
    let previous: PreviousPlan?

    /// Computes the update, and the reference counts of the new plan's jobs.
    ///
    /// - Parameters:
    ///   - graphs: The graphs of the jobs of all solved cells.
    ///   - columns: The columns of the new plan with their states and shards.
    ///   - gone: The shards of removed columns.
    ///   - metadata: The document with the metadata of packages.
    /// - Throws: `UnusableBase` if the incremental state does not match the store.
    func update(
        _ graphs: [JobGraph], _ columns: [(column: Column, memory: ColumnState, cells: ColumnShards)],
        gone: [ColumnShards], metadata: [UInt8]
    ) throws -> (update: PlanUpdate, jobs: JobUses) {
        let cells = columns.map(\.cells) + gone
        let counts = try referenceCounts(graphs, cells)
        let uses = counts.uses
        let header = PlanHeader(
            deployment: inputs.matrix.deployment.value, repositories: repositories(of: columns.map(\.column)),
            targets: targets(of: columns.map(\.column)),
            columns: try self.counts(columns.map(\.column), columns.map(\.cells)), jobs: uses.jobs.keys.count,
            inputs: try inputs.digest, sources: inputs.unpinned?.resolved ?? [:], confirm: inputs.matrix.confirm,
            notify: inputs.matrix.notices.map(PlannedNotices.init))
        let update = PlanUpdate(
            header: header,
            tasks: columns.compactMap { $0.memory.packages.count == 0 ? nil : task($0.column, $0.memory) },
            shards: cells.flatMap(\.shards),
            addedJobs: counts.added.map { added in
                (id: graphs[added.graph].ids[added.number], document: graphs[added.graph].documents[added.number])
            }, removedJobs: counts.removed, addedPackages: try packages(counts.addedPackages, graphs),
            removedPackages: counts.removedPackages, metadata: metadata)
        return (update, uses)
    }

    // MARK: Jobs

    /// Counts the jobs that the cells need now, and those that no cell needs any more, with their packages.
    private func referenceCounts(_ graphs: [JobGraph], _ cells: [ColumnShards]) throws -> JobReferenceCounts {
        var counts = JobReferenceCounts(previous?.memory.jobs ?? JobUses(), adding: graphs)
        do {
            // Retains before releasing, so that nothing is removed and added again.
            try counts.retain(cells.flatMap(\.retained))
            try counts.release(cells.flatMap(\.released))
        } catch {
            throw IncrementalPlanner.UnusableBase()
        }
        return counts
    }

    private func packages(
        _ digests: [Digest], _ graphs: [JobGraph]
    ) throws -> [(digest: Digest, files: PackageFiles)] {
        let files = graphs.map(\.reader.files)
        return try digests.map { digest in
            guard let files = files.lazy.compactMap({ $0[digest] }).first else {
                throw IncrementalPlanner.UnusableBase()
            }
            return (digest, files)
        }
    }

    // MARK: Tasks and the header

    private func counts(_ columns: [Column], _ cells: [ColumnShards]) throws -> [PlanColumn] {
        try zip(columns, cells).compactMap { column, cells in
            let (target, compiler) = (column.target.name.value, column.compiler.name.value)
            let before = previous?.header.columns.first { $0.target == target && $0.compiler == compiler }
            let counts = (before?.cells ?? CellCounts()) - cells.removed + cells.added
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
