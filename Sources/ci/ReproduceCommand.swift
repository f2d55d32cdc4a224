internal import ArgumentParser
internal import Core
internal import Documents
internal import Foundation
internal import PluginHost
internal import Records
internal import Review
internal import RunnerInterface
internal import Store
internal import Worker

struct ReproduceCommand: AsyncParsableCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce", abstract: "Print how a cell is built, or enter its environment.",
        discussion: """
            CELL is TARGET/COMPILER/PACKAGE.VERSION, or a selector that picks one. With --run the package's source is laid \
            out over the same layers, and a shell is started there; its changes are thrown away when it ends.
            """)

    @OptionGroup var store: StoreOption
    @OptionGroup var talk: OutputOptions
    @OptionGroup var machine: RunnerOptions

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Flag(name: .customLong("run"), help: "Start a shell in the environment.")
    var starts = false

    @Flag(help: "The cell's tests rather than its build.")
    var test = false

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func run() async throws {
        let configuration = try Configuration.current()
        let reader = try ResultsReader(store: store, deployment: deployment)
        let request = try request(reader)
        let catalog = try machine.catalog(configuration)
        let runner = try machine.runner(store: try store.path(in: configuration), catalog: catalog, configuration) {
            [logs = reader.store.logs] in try logs.begin($0)
        }
        let reproduction = Reproduction(runner)
        let progress: @Sendable (String) -> Void = { [talk] phrase in
            if talk.verbose { StandardError.print(phrase) }
        }
        guard starts else {
            StandardOutput.write(try await reproduction.describe(request, progress: progress))
            return
        }
        if !talk.quiet {
            StandardError.print("a shell in the environment of \(request.job.package); leave it by 'exit'")
        }
        let status = try await reproduction.enter(request, progress: progress) { bytes in
            StandardOutput.write(raw: bytes)
            StandardOutput.flush()
        }
        if status != 0 { throw Ending(status: .notGood) }
    }

    private func request(_ reader: ResultsReader) throws -> JobRequest {
        let state = try reader.state(picked: cell.selector())
        let planned = try reader.cells(picked: [Selector(cell: state.cell)]).first
        guard case .jobs(let build, let tests) = planned?.basis else {
            throw Failure(.input, "\(state.cell) has no job: it is \(state.state)", hint: state.reason)
        }
        guard let id = test ? tests : build else {
            throw Failure(.input, "\(state.cell): its tests were not asked for")
        }
        return try JobLookup(reader: reader).request(of: id, for: state.cell)
    }
}

/// Finds again what a job was run with.
private struct JobLookup {
    let reader: ResultsReader

    /// - Throws: `Failure` where an input was not built yet.
    func request(of id: Digest, for cell: Cell) throws -> JobRequest {
        guard let job = try reader.documents.job(id),
            let target = reader.header.targets.first(where: {
                $0.name == cell.target && $0.environment == job.environment
            })
        else {
            throw Failure(.unavailable, "the plan has no job \(id)", hint: "plan again")
        }
        var order: [Digest] = []
        var seen: Set<Digest> = []
        func visit(_ inputs: [Digest]) throws {
            for input in inputs where seen.insert(input).inserted {
                try visit(reader.documents.job(input)?.inputs ?? [])
                order.append(input)
            }
        }
        try visit(job.inputs)
        let inputs = try order.map { try input($0, for: cell) }
        return JobRequest(id: id, job: job, files: try files(of: job), inputs: inputs, target: target)
    }

    private func input(_ id: Digest, for cell: Cell) throws -> JobRequest.Input {
        let job = try reader.documents.job(id)
        guard let job, let layer = reader.layer(ofJob: id, on: cell.target) else {
            let name = job?.package.description ?? id.hex
            throw Failure(
                .input, "\(cell) needs \(name), which was not built in this store", hint: "run it first: ci run")
        }
        return JobRequest.Input(id: id, job: job, layer: layer, files: try files(of: job))
    }

    private func files(of job: Job) throws -> PackageFiles {
        guard let files = try reader.documents.files(job.opam) else {
            throw Failure(.unavailable, "the store has no package files \(job.opam)", hint: "plan again")
        }
        return files
    }
}
