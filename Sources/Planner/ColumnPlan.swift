internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver

/// The decided cells of a target with a compiler, and the jobs that decide them.
struct ColumnPlan: Sendable {
    let column: Column
    private(set) var cells: [PlannedCell] = []
    private(set) var graph: JobGraph

    /// Creates the jobs of solved cells.
    ///
    /// - Parameters:
    ///   - packages: the packages of the column's repositories.
    ///   - progress: called with the number of further completed cells.
    /// - Throws: `Failure` if a file cannot be read or a plugin fails.
    init(
        _ open: ColumnCells, _ solved: [SolvedCell], rules: CellRules, packages: ParsedPackages,
        progress: @Sendable (Int) -> Void
    ) async throws {
        column = open.column
        let (matrix, column) = (rules.matrix, open.column)
        var reader = BuildFactsReader(packages, variables: column.variables)
        let depexts = try await Self.depexts(of: solved, &reader)
        let setting = JobGraph.Setting(
            compiler: column.compiler.name.value, environment: column.profile.target.environment,
            plugin: column.profile.target.plugin, engine: column.profile.target.engine,
            limits: { name in Job.Limits(matrix.limits.limits(target: column.target.name.value, package: name)) },
            allowedOverwrites: { name in matrix.allowedOverwrites(of: name) },
            systemPackages: depexts.isEmpty ? [:] : try await column.profile.mapSystemPackages(depexts))
        graph = JobGraph(reader: reader, setting: setting)
        var reported = 0
        for (index, (entry, solved)) in zip(open.entries, solved).enumerated() {
            cells.append(try cell(entry, solved, rules))
            if index % Self.stride == Self.stride - 1 {
                try Task.checkCancellation()
                progress(index + 1 - reported)
                reported = index + 1
            }
        }
        progress(open.entries.count - reported)
    }

    /// The number of cells after which progress is reported.
    private static let stride = 64

    /// Reads all selected packages and returns their depexts, sorted.
    private static func depexts(
        of solved: [SolvedCell], _ reader: inout BuildFactsReader
    ) async throws -> [String] {
        var packages: Set<Universe.PackageID> = []
        for cell in solved {
            packages.formUnion(cell.answer?.selection ?? [])
            packages.formUnion(cell.test?.selection ?? [])
        }
        var names: Set<String> = []
        for package in packages { names.formUnion(try await reader.read(package).allDepexts) }
        return names.sorted()
    }

    private mutating func cell(_ entry: ColumnCells.Entry, _ solved: SolvedCell, _ rules: CellRules) throws
        -> PlannedCell
    {
        let package = column.universe.universe.packageVersion(entry.package)
        let cell = Cell(target: column.target.name.value, compiler: column.compiler.name.value, package: package)
        let basis = try basis(entry, solved)
        var made = PlannedCell(cell: cell, basis: basis)
        if case .unconfigured? = column.unikernel(entry.package)?.stage, case .jobs = basis {
            made.provisional = true
        }
        switch basis {
        case .jobs: made.untested = solved.testExplanation
        // A cell with a solution and without a cause: its packages depend on each other in a cycle.
        case .unsolvable(let explanation) where solved.answer?.selection != nil:
            made.cause = UnsolvableCause(.dependency, package: package.name, sentence: explanation)
        case .unsolvable: made.cause = solved.cause
        case .excluded: break
        }
        return rules.planned(made, isRequired: column.target.isRequired)
    }

    private mutating func basis(_ entry: ColumnCells.Entry, _ solved: SolvedCell) throws -> PlannedCell.Basis {
        if let reason = entry.exclusion { return .excluded(reason: reason) }
        guard let selection = solved.answer?.selection else {
            return .unsolvable(explanation: solved.explanation ?? "")
        }
        do {
            if let unikernel = column.unikernel(entry.package) {
                return try basis(of: unikernel, entry.package, selection)
            }
            let build = try graph.build(entry.package, in: selection, documentation: entry.options.withDoc)
            var test: Int?
            if let selection = solved.test?.selection { test = try graph.test(entry.package, in: selection) }
            return .jobs(build: graph.ids[build], test: test.map { graph.ids[$0] })
        } catch let cycle as SelectionGraph.Cycle {
            let universe = column.universe.universe
            let names = (cycle.packages + cycle.packages.prefix(1)).map { universe.text(of: $0) }
            return .unsolvable(
                explanation: "these packages need each other to be built: \(names.joined(separator: " → "))")
        }
    }
}

extension ColumnPlan {
    /// The configure job if it has not run yet; otherwise the jobs that build and run the unikernel.
    private mutating func basis(
        of unikernel: PlannedUnikernel, _ package: Universe.PackageID, _ selection: [Universe.PackageID]
    ) throws -> PlannedCell.Basis {
        guard case .locked = unikernel.stage else {
            let wanted = unikernel.unikernel.configurePackage
            let configure = selection.first { column.universe.universe.packageVersion($0) == wanted }
            guard let configure else { throw Failure(.bug, "\(wanted) is not selected for its unikernel") }
            let job = try graph.build(configure, in: selection)
            return .jobs(build: graph.ids[job], test: nil)
        }
        let build = try graph.build(package, in: selection)
        let run = unikernel.runFiles == nil ? nil : try graph.run(package, in: selection)
        return .jobs(build: graph.ids[build], test: run.map { graph.ids[$0] })
    }
}

extension Job.Limits {
    /// The limits in a matrix; nil if it sets none.
    init?(_ limits: LimitSet) {
        guard limits != LimitSet() else { return nil }
        self.init(
            time: limits.time, silence: limits.silence, memory: limits.memory, disk: limits.disk, log: limits.log)
    }
}
