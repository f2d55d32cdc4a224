internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver

/// Creates the jobs of a target with a compiler from solutions. Equal work becomes one job.
///
/// - SeeAlso: `docs/decisions/0043-test-jobs.md`
struct JobGraph: Sendable {
    /// The properties common to all jobs of the column.
    struct Setting: Sendable {
        var compiler: String
        var environment: Digest
        var plugin: Job.Plugin
        /// The program that executes recipes; nil for the runner itself.
        var engine: Job.Engine?
        /// The limits set by the matrix for a package name.
        var limits: @Sendable (String) -> Job.Limits?
        /// The files of other packages that the matrix allows a package to change, by name.
        var allowedOverwrites: @Sendable (String) -> [String]?
        /// The distribution's names of depexts.
        var systemPackages: [String: [String]]
    }

    /// The number of a job, which is greater than those of its inputs.
    typealias JobNumber = Int

    /// The ids of the jobs, by number.
    private(set) var ids: [Digest] = []
    /// The canonical bytes of the jobs.
    private(set) var documents: [[UInt8]] = []
    /// The direct inputs of the jobs.
    private(set) var inputs: [[JobNumber]] = []
    /// The digests under which the packages' files are stored.
    private(set) var files: [Digest] = []
    private(set) var reader: BuildFactsReader
    private let setting: Setting
    private let universe: Universe
    private var numbers: [Key: JobNumber] = [:]
    private var graph: SelectionGraph
    private var jobOfPackage: [Universe.PackageID: JobNumber] = [:]
    private var open: [Universe.PackageID] = []

    private struct Key: Hashable {
        var package: Universe.PackageID
        var kind: Job.Kind
        var documentation: Bool
        var inputs: [JobNumber]
    }

    init(reader: BuildFactsReader, setting: Setting) {
        self.reader = reader
        self.setting = setting
        universe = reader.universe
        graph = SelectionGraph(nameCount: universe.nameCount)
    }

    /// The build job of `package` over the packages of `selection`.
    ///
    /// - Throws: `SelectionGraph.Cycle` if packages depend on each other in a cycle; `Failure` if a file cannot be
    ///   read.
    mutating func build(
        _ package: Universe.PackageID, in selection: [Universe.PackageID], documentation: Bool = false
    ) throws -> JobNumber {
        select(selection)
        return try unrolled { graph throws in
            try graph.visit(package, documentation: documentation ? package : nil)
        }
    }

    /// The test job of `package`, with its build job and the dependencies of its tests as inputs.
    ///
    /// - Throws: as `build`.
    mutating func test(_ package: Universe.PackageID, in selection: [Universe.PackageID]) throws -> JobNumber {
        select(selection)
        return try unrolled { graph throws in
            let build = try graph.visit(package, documentation: nil)
            let facts = graph.reader[package]
            let needed = graph.graph.inputs(graph.reader.depends(of: package, for: .test)).filter { $0 != package }
            let optional = graph.graph.edges(of: package, facts, depends: facts.depends).optional
            let over = needed + optional.filter { !needed.contains($0) }
            let inputs = try over.map { try graph.visit($0, documentation: nil) }
            return try graph.number(package, .test, documentation: false, inputs: inputs + [build])
        }
    }

    /// The job that runs the image of a unikernel, with its build job as input.
    ///
    /// - Throws: as `build`.
    mutating func run(_ package: Universe.PackageID, in selection: [Universe.PackageID]) throws -> JobNumber {
        select(selection)
        return try unrolled { graph throws in
            let build = try graph.visit(package, documentation: nil)
            return try graph.number(package, .test, documentation: false, inputs: [build])
        }
    }

    private mutating func select(_ selection: [Universe.PackageID]) {
        graph.select(selection, in: universe)
        jobOfPackage.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
    }

    /// Executes `body`; if it finds a cycle, again without the optional inputs that cause it.
    private mutating func unrolled(_ body: (inout JobGraph) throws -> JobNumber) throws -> JobNumber {
        do {
            return try body(&self)
        } catch is SelectionGraph.Cycle {
            jobOfPackage.removeAll(keepingCapacity: true)
            open.removeAll(keepingCapacity: true)
            try exploreAll()
            graph.dropOptionalInputsOnCycles()
            return try body(&self)
        }
    }

    private mutating func exploreAll() throws {
        for package in graph.selection {
            let facts = reader[package]
            _ = graph.edges(of: package, facts, depends: facts.depends)
        }
    }

    private mutating func visit(_ package: Universe.PackageID, documentation root: Universe.PackageID?) throws
        -> JobNumber
    {
        if let number = jobOfPackage[package] { return number }
        if let start = open.firstIndex(of: package) {
            throw SelectionGraph.Cycle(packages: Array(open[start...]))
        }
        open.append(package)
        let facts = reader[package]
        let isDocumented = root == package
        let depends = isDocumented ? reader.depends(of: package, for: .documentation) : facts.depends
        let edges = graph.edges(of: package, facts, depends: depends)
        var inputs: [JobNumber] = []
        for input in edges.needed + edges.optional {
            inputs.append(try visit(input, documentation: root))
        }
        open.removeLast()
        let number = try number(package, .build, documentation: isDocumented, inputs: inputs)
        jobOfPackage[package] = number
        return number
    }

    private mutating func number(
        _ package: Universe.PackageID, _ kind: Job.Kind, documentation: Bool, inputs: [JobNumber]
    ) throws -> JobNumber {
        let key = Key(package: package, kind: kind, documentation: documentation, inputs: inputs.sorted())
        if let number = numbers[key] { return number }
        let facts = reader[package]
        let name = universe.name(universe.nameID(of: package))
        let run = kind == .test ? facts.run : nil
        var limits = setting.limits(name)
        if let time = run?.time {
            limits = limits ?? Job.Limits()
            limits?.time = time
        }
        let system = Set((run?.depexts ?? facts.depexts).flatMap { setting.systemPackages[$0] ?? [$0] })
        let job = Job(
            kind: kind, package: PackageVersion(name: name, version: universe.version(of: package)),
            opam: run?.files ?? facts.files, inputs: key.inputs.map { ids[$0] }.sorted(), compiler: setting.compiler,
            environment: setting.environment, plugin: setting.plugin, systemPackages: system.sorted(),
            limits: limits, documentation: documentation ? true : nil,
            engine: setting.engine, allowedOverwrites: setting.allowedOverwrites(name))
        let number = ids.count
        numbers[key] = number
        let document = job.document
        ids.append(Digest(of: document))
        documents.append(document)
        self.inputs.append(key.inputs)
        files.append(job.opam)
        return number
    }
}
