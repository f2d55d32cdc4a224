internal import ArgumentParser
internal import Core
internal import Engine
internal import Model
internal import PluginHost
internal import Review
internal import RunnerInterface
internal import Store
internal import System
internal import Worker

struct ReproduceCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce", abstract: "Print the steps that build a cell, or start a shell in its environment.",
        discussion: """
            CELL is TARGET/COMPILER/PACKAGE.VERSION, or a selector that matches one cell. With --run, unpacks the package's \
            source over the same layers and starts a shell there. Changes are discarded when the shell ends.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var messages: OutputOptions
    @OptionGroup var machine: RunnerOptions

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(name: .customLong("run"), help: "Start a shell in the environment.")
    var starts = false

    @Option(
        help: ArgumentHelp(
            "Write a Dockerfile that builds the cell, and what it needs, into a new directory; for targets with an image.",
            valueName: "directory"))
    var dockerfile: String?

    @Flag(help: "Reproduce the cell's tests (default: the tests if they failed, otherwise the build).")
    var test = false

    @Flag(help: "Reproduce the cell's build, even if its tests failed.")
    var build = false

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func validate() throws {
        if test && build { throw ValidationError("--test and --build exclude each other") }
    }

    func run() async throws {
        let configuration = try Configuration.current()
        try WritableDirectory.checkTemporary(configuration.environment.temporaryDirectory)
        let results = try store.results(of: deployment)
        let request = try JobRequest(
            for: cell.selector(), test ? .test : build ? .build : .failed, in: results)
        let catalog = try machine.catalog(configuration)
        let runner = try machine.runner(store: try store.path(in: configuration), catalog: catalog, configuration) {
            [logs = results.store.logs] in try logs.begin($0)
        }
        let reproduction = Reproduction(runner)
        let progress: @Sendable (String) -> Void = { [messages] phrase in
            if messages.verbose { StandardError.print(phrase) }
        }
        if let dockerfile {
            try await reproduction.writeDockerfile(request, to: dockerfile, progress: progress)
            if !messages.quiet { StandardError.print("wrote \(dockerfile)/Dockerfile") }
            return
        }
        guard starts else {
            StandardOutput.write(try await reproduction.describe(request, progress: progress))
            return
        }
        if !messages.quiet {
            StandardError.print("a shell in the environment of \(request.job.package); leave it with 'exit'")
        }
        let status = try await reproduction.enter(request, progress: progress) { bytes in
            StandardOutput.write(raw: bytes)
            StandardOutput.flush()
        }
        if status != 0 { throw EarlyExit(status: .notGood) }
    }
}
