internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver

/// The part of a plan that belongs to one target with one compiler.
struct ColumnPlan: Sendable {
    /// What decides a cell, by number of job.
    enum Basis: Sendable {
        case jobs(build: Int, test: Int?)
        case unsolvable(String)
        case excluded(String)
    }

    struct Row: Sendable {
        var package: PackageVersion
        var origin: SelectionOrigin
        var basis: Basis
        var untested: String?
    }

    let cells: ColumnCells
    private(set) var rows: [Row] = []
    private(set) var jobs: [Job] = []
    /// Ids of the jobs, in their order.
    private(set) var ids: [Digest] = []
    /// By digest.
    private(set) var files: [Digest: PackageFiles] = [:]

    /// Makes the jobs of a column that has been solved.
    ///
    /// - Throws: `Failure` where a file cannot be read or a plugin fails.
    init(_ cells: ColumnCells, _ solved: [SolvedCell], matrix: MatrixFile) async throws {
        self.cells = cells
        let column = cells.column
        var reader = BuildFactsReader(source: column.source, variables: column.variables)
        let depexts = try Self.depexts(of: solved, &reader)
        let setting = JobGraph.Setting(
            compiler: column.compiler.name.value, environment: column.profile.target.environment,
            plugin: column.profile.target.plugin,
            limits: { name in Job.Limits(matrix.limits.limits(target: column.target.name.value, package: name)) },
            systemPackages: depexts.isEmpty ? [:] : try await column.profile.mapSystemPackages(depexts))
        var graph = JobGraph(reader: reader, setting: setting)
        for (entry, solved) in zip(cells.entries, solved) {
            rows.append(try row(entry, solved, &graph))
        }
        jobs = graph.jobs
        ids = graph.ids
        files = graph.reader.files
    }

    /// The depexts of all packages chosen, sorted.
    private static func depexts(of solved: [SolvedCell], _ reader: inout BuildFactsReader) throws -> [String] {
        var packages: Set<Universe.PackageID> = []
        for cell in solved {
            packages.formUnion(cell.answer?.selection ?? [])
            packages.formUnion(cell.test?.selection ?? [])
        }
        var names: Set<String> = []
        for package in packages { names.formUnion(try reader.facts(of: package).depexts) }
        return names.sorted()
    }

    private func row(_ entry: ColumnCells.Entry, _ solved: SolvedCell, _ graph: inout JobGraph) throws -> Row {
        let universe = cells.column.universe.universe
        let package = PackageVersion(
            name: universe.name(universe.nameID(of: entry.package)), version: universe.version(of: entry.package))
        var row = Row(package: package, origin: entry.origin, basis: .excluded(entry.exclusion ?? ""))
        guard entry.exclusion == nil else { return row }
        guard let selection = solved.answer?.selection else {
            row.basis = .unsolvable(solved.explanation ?? "")
            return row
        }
        do {
            let build = try graph.build(entry.package, in: selection, documentation: entry.options.withDoc)
            var test: Int?
            if let selection = solved.test?.selection { test = try graph.test(entry.package, in: selection) }
            row.basis = .jobs(build: build, test: test)
            row.untested = solved.testExplanation
        } catch let cycle as SelectionGraph.Cycle {
            let names = (cycle.packages + cycle.packages.prefix(1)).map { universe.text(of: $0) }
            row.basis = .unsolvable("these packages need each other to be built: \(names.joined(separator: " → "))")
        }
        return row
    }
}

extension Job.Limits {
    /// The limits of a matrix; nil where it sets none.
    init?(_ limits: LimitSet) {
        guard limits != LimitSet() else { return nil }
        self.init(
            time: limits.time, silence: limits.silence, memory: limits.memory, disk: limits.disk, log: limits.log)
    }
}
