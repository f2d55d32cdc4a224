internal import ArgumentParser
internal import Core
internal import Documents
internal import Foundation
internal import Git
internal import Matrix
internal import Planner
internal import PluginHost
internal import Store

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Turn a matrix into tasks and jobs; print the table and what changed.",
        discussion: """
            The plan is compared with the deployment's last one in the store. --since compares it with an older one: a \
            commit of the deployment's branch, or a revision of the matrix's repository, which is then planned too.
            """)

    @Argument(help: "The matrix: a YAML file. See docs/matrix.md.")
    var matrix: String

    @OptionGroup var store: StoreOption
    @OptionGroup var talk: TalkOptions

    @Option(name: .customLong("plugin-path"), help: Settings.pluginPath.help)
    var pluginPath: String?

    @Option(help: Settings.cache.help)
    var cache: String?

    @Flag(name: .customLong("dry-run"), help: "Write nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Tell why a cell is there and what decided its versions.", valueName: "cell"))
    var explain: String?

    @Option(help: ArgumentHelp("Compare with this plan, or this revision of the repository.", valueName: "plan|rev"))
    var since: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    func run() async throws {
        let configuration = try Configuration.current()
        let matrix = try MatrixFile(path: matrix)
        let path = try store.path(in: configuration)
        let preparation = PlanPreparation(
            matrix: matrix, catalog: PluginCatalog(try PluginSearchPath.configured(configuration, flag: pluginPath)),
            cache: dryRun ? nil : try Settings.cacheDirectory(flag: cache, in: configuration))
        let progress = PlanProgressLine(quiet: talk.quiet)
        var warnings: [Diagnostic] = []
        let inputs = try await preparation.inputs(warnings: &warnings)
        let planner = Planner(inputs, memory: preparation.cache.map { "\($0)/solutions" }) { progress.show($0) }
        if let explain {
            let explanation = try planner.explanation(of: explain)
            progress.clear()
            return print(explanation)
        }
        let (outline, old, commit) = try await plan(planner, inputs, preparation, in: path, progress)
        progress.clear()
        say(warnings + inputs.warnings)
        let report = PlanReport(
            plan: outline, difference: PlanDifference(from: old, to: outline), commit: commit, store: path)
        print(try report.text(format), terminator: "")
    }

    /// The plan, the one to compare with, and the commit that holds it unless the run is dry.
    ///
    /// Where the store has the plan of equal inputs, nothing is planned.
    private func plan(
        _ planner: Planner, _ inputs: PlanInputs, _ preparation: PlanPreparation, in path: String,
        _ progress: PlanProgressLine
    ) async throws -> (plan: PlanOutline, old: PlanOutline?, commit: String?) {
        let kept = FileManager.default.fileExists(atPath: path) ? PlanStore(try Store(opening: path)) : nil
        let digest = try inputs.digest
        let deployment = inputs.matrix.deployment.value
        if let kept, let known = try kept.inputs(deployment), known.digest == digest,
            let outline = try kept.outline(deployment)
        {
            return (outline, try await earlier(kept, preparation), dryRun ? nil : known.commit.description)
        }
        let planning = try await planner.plan()
        let old = try await earlier(kept, preparation)
        guard !dryRun else { return (PlanOutline(planning.plan), old, nil) }
        progress.show(PlanProgress(.writing))
        let written = try PlanStore(Store(at: path)).write(planning.plan, files: planning.files, inputs: digest)
        return (PlanOutline(planning.plan), old, written.commit?.description)
    }

    /// The plan to compare with.
    private func earlier(_ kept: PlanStore?, _ preparation: PlanPreparation) async throws -> PlanOutline? {
        let deployment = preparation.matrix.deployment.value
        guard let since else { return try kept?.outline(deployment) }
        if let kept, let plan = try? kept.outline(deployment, at: since) { return plan }
        var ignored: [Diagnostic] = []
        let inputs = try await preparation.inputs(at: since, warnings: &ignored)
        return PlanOutline(try await Planner(inputs).plan().plan)
    }

    private func say(_ warnings: [Diagnostic]) {
        let shown = warnings.prefix(talk.verbose ? warnings.count : 5)
        if talk.quiet { return }
        for warning in shown { Terminal.complain(warning.description) }
        if warnings.count > shown.count {
            Terminal.complain("… and \(warnings.count - shown.count) warnings more (--verbose shows them)")
        }
    }
}
