internal import ArgumentParser
internal import Core
internal import Foundation
internal import OpamFormat
internal import OpamRepository
internal import OpamSolver

/// `ci solve`: what would be installed, without a matrix.
struct SolveCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "solve",
        abstract: "Solve packages of a repository for one target and compiler.",
        discussion: """
            PACKAGE is NAME, NAME.VERSION, or NAME with =, !=, <, <=, > or >= and a version. Each is solved by itself, \
            using its newest available version that matches.

            TARGET is \(TargetVariables.knownForms.joined(separator: ", ")).

            CSV has a line NAME.VERSION,SAT,"NAME.VERSION …" or NAME.VERSION,UNSAT, for each package; LIMIT stands for \
            UNSAT where the solver gave up. With --all the packages are in byte order of their names.

            Exit codes: 0 each package has a solution, or --all; 1 a named package has none; 2 the input is wrong; \
            3 infrastructure.
            """)

    @OptionGroup var trace: LogOption
    @Option(
        name: .customLong("repository"),
        help: ArgumentHelp(
            "A folder or a repository of git, perhaps with @ and a revision. For each package version, the first of "
                + "several that has it counts.", valueName: "DIR[@REV]"))
    var repositories: [String] = []

    @Option(help: "The target, as debian-12.")
    var target: String

    @Option(help: "The version of OCaml, as 5.3.0; system:4.13.1 for the one that the distribution has.")
    var compiler: String

    @Option(name: .customLong("variable"), help: ArgumentHelp("Set an opam variable.", valueName: "KEY=VALUE"))
    var variables: [String] = []

    @Option(help: "The architecture, as opam writes it.")
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

    @OptionGroup var talk: OutputOptions

    @Argument(help: ArgumentHelp("Packages.", valueName: "PACKAGE"))
    var packages: [String] = []

    func validate() throws {
        if repositories.isEmpty { throw ValidationError("Missing expected argument '--repository <DIR[@REV]>'") }
        if packages.isEmpty != all { throw ValidationError("Give packages, or --all without any.") }
    }

    func run() async throws {
        let compiler = try parsedCompiler()
        let variables = try targetVariables(compiler)
        let arguments = try packages.map { text throws(Failure) in try PackageArgument(text) }
        let (universe, problems) = try loadUniverse()
        try check(compiler, in: universe)
        let target = TargetUniverse(universe, variables: variables.values)
        let asked = try all ? target.newestAvailable : arguments.map { try $0.version(in: target, problems: problems) }
        let requests = zip(asked.indices, asked).map { index, package in
            request(package, compiler, universe, isExact: !all && arguments[index].constraint?.relation == .equal)
        }
        let resolutions = target.solve(requests, threads: ProcessInfo.processInfo.activeProcessorCount)
        var report = SolveReport(target, asked, resolutions)
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

    // MARK: Input

    private func parsedCompiler() throws(Failure) -> Compiler {
        guard let compiler = Compiler(compiler) else {
            throw Failure(
                .input, "'\(compiler)' is not a compiler", hint: "give a version of OCaml, as 5.3.0 or system:4.13.1")
        }
        return compiler
    }

    private func targetVariables(_ compiler: Compiler) throws(Failure) -> TargetVariables {
        guard var variables = TargetVariables(target: target, architecture: arch) else {
            let known = TargetVariables.knownForms.map { $0.replacingOccurrences(of: "-VERSION", with: "") }
            let typed = String(target.prefix { $0 != "-" })
            let meant = nearest(to: typed, in: known).flatMap { near in
                TargetVariables.knownForms.first { $0.hasPrefix(near) }
            }
            throw Failure(
                .input, "there is no target '\(target)'",
                hint: meant.map { "did you mean '\($0)'?" }
                    ?? "targets are \(TargetVariables.knownForms.joined(separator: ", "))")
        }
        for assignment in self.variables {
            guard let (name, value) = parseAssignment(assignment) else {
                throw Failure(
                    .input, "--variable '\(assignment)': expected KEY=VALUE", hint: "as in --variable os-version=12")
            }
            variables.values[name] = .string(value)
        }
        variables.set(compiler: compiler)
        return variables
    }

    private func parseAssignment(_ text: String) -> (Variable, String)? {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
            let reference = VariableReference(parsing: String(text[..<equals]), interpolated: false),
            reference.variables.count == 1
        else { return nil }
        return (reference.variables[0], String(text[text.index(after: equals)...]))
    }

    /// The packages of the repositories, and what is wrong with their files.
    private func loadUniverse() throws -> (Universe, [PackageProblem]) {
        let cache = try cache.directory(in: .current())
        var warnings: [Diagnostic] = []
        let repositories = try RepositorySet(repositories)
        let universe = try repositories.universe(
            cache: cache, threads: ProcessInfo.processInfo.activeProcessorCount, &warnings)
        let shown = talk.quiet ? [] : talk.verbose ? warnings[...] : warnings.prefix(Self.mostWarnings)
        for warning in shown { StandardError.print(warning.description) }
        if !talk.quiet, shown.count < warnings.count {
            StandardError.print("warning: \(warnings.count - shown.count) more files are wrong: --verbose shows them")
        }
        return (universe, repositories.problems(of: universe))
    }

    /// Warnings about files of the repository that are shown without being asked for.
    private static let mostWarnings = 3

    private func check(_ compiler: Compiler, in universe: Universe) throws(Failure) {
        let root = compiler.root.name
        guard let name = universe.nameID(root.text), !universe.versions(of: name).isEmpty else {
            throw Failure(.input, "the repository has no package '\(root)', which the compiler '\(compiler)' needs")
        }
        guard universe.package(name, version: compiler.version.text) == nil else { return }
        let versions = universe.versions(of: name).map { universe.version(of: $0) }
        throw Failure(
            .input, "there is no compiler '\(compiler)': '\(root)' has no version \(compiler.version)",
            hint: nearest(to: compiler.version.text, in: versions).map { "did you mean '\($0)'?" })
    }

    private func request(
        _ package: Universe.PackageID, _ compiler: Compiler, _ universe: Universe, isExact: Bool
    ) -> Request {
        let name = PackageName(unchecked: universe.name(universe.nameID(of: package)))
        let version = Version(unchecked: universe.version(of: package))
        var request = Request(Package(name: name, version: version), compiler: compiler.root)
        if isExact { request.requestedExactly.insert(name) }
        if withTest { request.withTest = [name] }
        if withDoc { request.withDoc = [name] }
        if oldest { request.preference = .oldest }
        return request
    }
}
