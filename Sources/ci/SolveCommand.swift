internal import ArgumentParser
internal import Core
internal import Foundation
internal import OpamRepository
internal import OpamSolver

/// `ci solve`: computes what would be installed, without a matrix.
struct SolveCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "solve",
        abstract: "Solve packages of a repository for one target and compiler.",
        discussion: """
            PACKAGE is NAME, NAME.VERSION, or NAME with =, !=, <, <=, > or >= and a version. Each is solved separately, \
            using its newest available version that matches.

            TARGET is \(TargetVariables.knownForms.joined(separator: ", ")).

            CSV has a line NAME.VERSION,SAT,"NAME.VERSION …" or NAME.VERSION,UNSAT, for each package, or LIMIT instead of \
            UNSAT if the solver gave up. With --all the packages are in byte order of their names.

            Exit codes: 0 each package has a solution, or --all; 1 a named package has none; 2 the input is wrong; \
            3 infrastructure.
            """)

    @OptionGroup var trace: LogOption
    @Option(
        name: .customLong("repository"),
        help: ArgumentHelp(
            "A directory or a git repository, optionally with @ and a revision. For each package version, the first of "
                + "several that has it counts.", valueName: "DIR[@REV]"))
    var repositories: [String] = []

    @Option(help: "The target, for example debian-12.")
    var target: String

    @Option(help: "The version of OCaml, for example 5.3.0; system:4.13.1 for the distribution's compiler.")
    var compiler: String

    @Option(name: .customLong("variable"), help: ArgumentHelp("Set an opam variable.", valueName: "KEY=VALUE"))
    var variables: [String] = []

    @Option(help: "The architecture by its name in opam.")
    var arch = "x86_64"

    @Flag(help: "Solve the newest available version of every package.")
    var all = false

    @Flag(help: "Include test dependencies.")
    var withTest = false

    @Flag(help: "Include documentation dependencies.")
    var withDoc = false

    @Flag(help: "Try the oldest versions of dependencies first.")
    var oldest = false

    @Flag(help: "Explain why there is no solution. With csv, on standard error.")
    var explain = false

    @Option(help: "The output format: text, csv or json.")
    var format = OutputFormat.text

    @OptionGroup var cache: CacheOption

    @OptionGroup var messages: OutputOptions

    @Argument(help: ArgumentHelp("Packages.", valueName: "PACKAGE"))
    var packages: [String] = []

    func validate() throws {
        if repositories.isEmpty { throw ValidationError("Missing expected argument '--repository <DIR[@REV]>'") }
        if packages.isEmpty != all { throw ValidationError("Give packages, or --all without any.") }
    }

    func run() async throws {
        let compiler = try Compiler(named: compiler)
        let variables = try TargetVariables(
            named: target, architecture: arch, compiler: compiler, assignments: variables)
        let queries = try packages.map { text throws(Failure) in try PackageQuery(text) }
        let (universe, problems) = try loadUniverse()
        let solve = try TargetSolve(universe, problems: problems, for: variables, compiler: compiler)
        let asked = try solve.requests(
            for: all ? nil : queries, .init(withTest: withTest, withDoc: withDoc, isOldestFirst: oldest))
        let requests = asked.map(\.request)
        let resolutions = solve.target.solve(requests, threads: ProcessInfo.processInfo.activeProcessorCount)
        var report = SolveReport(solve.target, asked.map(\.package), resolutions)
        if explain { report.explain(requests) }
        switch format {
        case .text: StandardOutput.write(report.text)
        case .json: try printJSON(report.answers)
        case .csv:
            StandardOutput.write(report.csv)
            for explanation in report.explanations { StandardError.print(explanation) }
        }
        if !all, resolutions.contains(where: { $0.selection == nil }) { throw EarlyExit(status: .notGood) }
    }

    /// The packages of the repositories, and the problems in their files.
    private func loadUniverse() throws -> (Universe, [PackageProblem]) {
        let cache = try cache.directory(in: .current())
        var warnings: [Diagnostic] = []
        let repositories = try RepositorySet(repositories)
        let universe = try repositories.universe(
            cache: cache, threads: ProcessInfo.processInfo.activeProcessorCount, &warnings)
        let shown = messages.quiet ? [] : messages.verbose ? warnings[...] : warnings.prefix(Self.warningLimit)
        for warning in shown { StandardError.print(warning.description) }
        if !messages.quiet, shown.count < warnings.count {
            StandardError.print("warning: \(warnings.count - shown.count) more files are invalid: --verbose shows them")
        }
        return (universe, repositories.problems(of: universe))
    }

    /// The number of warnings about repository files shown without `--verbose`.
    private static let warningLimit = 3
}
