internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat

/// Puts the parts of a plan together: cells with their rules, jobs, tasks.
struct PlanAssembly {
    let inputs: PlanInputs

    func planning(of parts: [ColumnPlan]) -> Planning {
        var jobs: [Digest: Job] = [:]
        var files: [Digest: PackageFiles] = [:]
        var cells: [PlannedCell] = []
        var origins: [Cell: CellOrigin] = [:]
        for part in parts {
            for (id, job) in zip(part.ids, part.jobs) { jobs[id] = job }
            let unblocked = Self.unblocked(by: part)
            for (row, unblocks) in zip(part.rows, unblocked) {
                let cell = plannedCell(row, part, unblocks: unblocks)
                cells.append(cell)
                origins[cell.cell] = CellOrigin(
                    location: row.origin.location, isExplicit: row.origin.isExplicit, reason: row.origin.reason)
            }
        }
        for part in parts { for job in part.jobs { files[job.opam] = part.files[job.opam] } }
        let plan = Plan(
            deployment: inputs.matrix.deployment.value, repositories: repositories(of: parts),
            targets: targets(of: parts), tasks: tasks(of: parts), cells: cells.sorted { $0.cell < $1.cell }, jobs: jobs)
        return Planning(plan: plan, files: files, origins: origins, warnings: inputs.warnings)
    }

    // MARK: Cells

    private func plannedCell(_ row: ColumnPlan.Row, _ part: ColumnPlan, unblocks: Int) -> PlannedCell {
        let column = part.cells.column
        let cell = Cell(
            target: column.target.name.value, compiler: column.compiler.name.value, package: row.package)
        let basis: PlannedCell.Basis =
            switch row.basis {
            case .jobs(let build, let test): .jobs(build: part.ids[build], test: test.map { part.ids[$0] })
            case .unsolvable(let explanation): .unsolvable(explanation: explanation)
            case .excluded(let reason): .excluded(reason: reason)
            }
        let accepted = inputs.matrix.acceptFailures.first { rule in
            rule.expires.map { inputs.today <= $0.value } ?? true && matches(rule.cells, cell)
        }
        let rule = inputs.matrix.schedule.last { matches($0.cells, cell) }
        return PlannedCell(
            cell: cell, basis: basis, required: column.target.isRequired && accepted == nil,
            priority: (rule?.priority ?? 0) * Self.priorityStep + min(unblocks, Self.priorityStep - 1),
            accepted: accepted.map { rule in
                rule.reason + (rule.expires.map { " (until \($0.value))" } ?? "")
            }, untested: row.untested)
    }

    /// A step of the matrix's priorities is worth more than any number of unblocked cells.
    private static let priorityStep = 1_000_000

    private func matches(_ patterns: [Located<CellPattern>], _ cell: Cell) -> Bool {
        patterns.contains {
            $0.value.matches(
                target: cell.target, compiler: cell.compiler, name: cell.package.name, version: cell.package.version)
        }
    }

    /// For each row, how many other rows wait for its build.
    private static func unblocked(by part: ColumnPlan) -> [Int] {
        let number = Dictionary(uniqueKeysWithValues: part.ids.enumerated().map { ($1, $0) })
        let inputs = part.jobs.map { $0.inputs.compactMap { number[$0] } }
        var waiting = Array(repeating: 0, count: part.jobs.count)
        var seenBy = Array(repeating: -1, count: part.jobs.count)
        for (position, row) in part.rows.enumerated() {
            guard case .jobs(let build, _) = row.basis else { continue }
            var open = [build]
            while let job = open.popLast() {
                for input in inputs[job] where seenBy[input] != position {
                    seenBy[input] = position
                    waiting[input] += 1
                    open.append(input)
                }
            }
        }
        return part.rows.map { row in
            if case .jobs(let build, _) = row.basis { waiting[build] } else { 0 }
        }
    }

    // MARK: The rest of the plan

    private func repositories(of parts: [ColumnPlan]) -> [Plan.Repository] {
        var seen: Set<Plan.Repository> = []
        return parts.flatMap(\.cells.column.source.repositories).filter { seen.insert($0).inserted }
    }

    private func targets(of parts: [ColumnPlan]) -> [Plan.Target] {
        let targets = Set(parts.map(\.cells.column.profile.target))
        return targets.sorted { left, right in
            left.name != right.name ? left.name < right.name : !left.systemCompiler && right.systemCompiler
        }
    }

    private func tasks(of parts: [ColumnPlan]) -> [PlannedTask] {
        parts.filter { !$0.rows.isEmpty }.map { part in
            let column = part.cells.column
            let packages = part.rows.filter { row in
                if case .excluded = row.basis { false } else { true }
            }.map(\.package)
            let names = Set(packages.map(\.name)).sorted()
            return PlannedTask(
                target: column.target.name.value, compiler: column.compiler.name.value,
                roots: column.roots.map { root in
                    root.versions.isEmpty ? root.name.text : root.description
                },
                repositories: column.source.repositories, environment: column.profile.target.environment,
                plugin: column.profile.target.plugin,
                pins: Dictionary(uniqueKeysWithValues: column.pins.map { ($0.key.text, $0.value.text) }),
                packages: packages, withTest: names.filter(inputs.matrix.withTest.contains),
                withDoc: names.filter(inputs.matrix.withDoc.contains),
                lowerBounds: names.filter(inputs.matrix.lowerBounds.contains))
        }.sorted { ($0.target, $0.compiler) < ($1.target, $1.compiler) }
    }
}
