internal import ArgumentParser
internal import Core
internal import Matrix
internal import Model
internal import PlanSession
internal import PluginHost
internal import Records
internal import Supervision
internal import System
internal import Worker

struct PlanCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Turn a matrix into tasks and jobs; print the table and what changed.",
        discussion: """
            The plan is compared with the deployment's last one in the store. --since compares it with an older one: a \
            commit of the deployment's branch, or a revision of the matrix's repository, which is then planned as well.
            """)

    @OptionGroup var trace: LogOption
    @Argument(help: "The matrix: a YAML file. See docs/matrix.md.")
    var matrix: String

    @OptionGroup var store: StoreOption
    @OptionGroup var messages: OutputOptions

    @Option(Settings.pluginPath)
    var pluginPath: String?

    @OptionGroup var sources: SourceOptions
    @OptionGroup var repositories: RepositoryOptions
    @OptionGroup var images: ImageOptions

    @Flag(name: .customLong("dry-run"), help: "Write nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Explain why a cell is planned and how its versions were chosen.", valueName: "cell"))
    var explain: String?

    @Option(help: ArgumentHelp("Compare with this plan, or this revision of the repository.", valueName: "plan|rev"))
    var since: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    func run() async throws {
        let configuration = try Configuration.current()
        let path = try store.path(in: configuration)
        let cache = try sources.general.directory(in: configuration, store: path, isRead: dryRun)
        try WritableDirectory.checkTemporary(configuration.environment.temporaryDirectory)
        let scratch = try ScratchDirectory.temporary(in: configuration.environment.temporaryDirectory)
        defer { withExtendedLifetime(scratch) {} }
        let preparation = PlanInputLoader(
            matrix: try MatrixFile(path: matrix),
            catalog: try PluginCatalog(configuration, flag: pluginPath),
            cache: PlanCache(cache, isReadOnly: dryRun),
            packageSources: try sources.cache(
                in: configuration, store: path, readOnlyBeside: dryRun ? "\(scratch.path)/sources" : nil),
            images: try images.store(
                in: WorkerDirectories(store: path, cache: cache),
                readOnlyBeside: dryRun ? "\(scratch.path)/images" : nil,
                configuration),
            repositoryMirrors: try repositories.places(in: configuration), environment: configuration.environment)
        let progress = PlanProgressLine(quiet: messages.quiet)
        let keeping = PlanSession(
            preparation, store: path, isDry: dryRun, progress: { progress.show($0) })
        if let explain {
            let (explanation, warnings) = try await keeping.explanation(of: explain)
            progress.clear()
            messages.show(warnings)
            return StandardOutput.print(explanation)
        }
        // `--since` is resolved before the plan is written, because it may name the branch.
        let older = try await earlier(keeping)
        let (plan, difference) = try await keeping.plan(comparedWith: older)
        progress.clear()
        messages.show(plan.warnings)
        let report = PlanReport(plan: plan, difference: difference, store: keeping.store)
        switch format {
        case .text: StandardOutput.write(try report.text)
        case .csv: StandardOutput.write(try report.csv)
        case .json: try printJSON(report.document)
        }
    }

    private func earlier(_ keeping: PlanSession) async throws -> PlanDocuments? {
        guard let since else { return nil }
        return try await keeping.plan(at: since)
    }
}
