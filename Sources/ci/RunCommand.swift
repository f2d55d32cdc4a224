internal import ArgumentParser
internal import Core
internal import Engine
internal import Foundation
internal import Git
internal import Hub
internal import Matrix
internal import Model
internal import PlanSession
internal import PluginHost
internal import Records
internal import Review
internal import RunnerInterface
internal import Store
internal import Synchronization
internal import System
internal import Worker

struct RunCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the jobs of a matrix that have no result yet.",
        discussion: """
            Plans MATRIX first; without one, runs the plan in the store. Resumes an interrupted run; finished jobs are not \
            repeated. Prints a summary of the results at the end; exits with 1 if a required cell is not good. Tasks submitted \
            for the deployment meanwhile (ci submit) are planned and run before it ends. With --serve, it keeps running and \
            serves the tasks of all deployments; MATRIX and --deployment are then optional.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var messages: OutputOptions
    @OptionGroup var machine: RunnerOptions

    @OptionGroup var jobs: JobsOption

    @Option(help: "Run only the cells that this selector matches; may be repeated.")
    var only: [SelectorArgument] = []

    @Option(help: "The deployment to run if no MATRIX is given (default: the only one).")
    var deployment: String?

    @Flag(help: "If another process runs the deployment, work for it; take over if it ends early (default).")
    var join = false

    @Flag(help: "If another process runs the deployment, wait until it has ended, then run the remaining jobs.")
    var wait = false

    @Flag(help: "Afterwards plan and run submitted tasks, until Ctrl-C.")
    var serve = false

    @OptionGroup var repositories: RepositoryOptions

    @Option(help: "Why the run was started, for its record: schedule, push 1a2b3c.")
    var trigger = "manual"

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Argument(help: "The matrix: a YAML file.")
    var matrix: String?

    func validate() throws {
        guard (1...200).contains(trigger.count) else {
            throw ValidationError("--trigger: expected 1 to 200 characters")
        }
        if join, wait { throw ValidationError("give --join or --wait, not both") }
        if matrix != nil, deployment != nil {
            throw ValidationError("give a MATRIX or --deployment, not both")
        }
    }

    func run() async throws {
        // A closed standard output is no error: the results are in the store.
        StandardOutput.tolerateClosed()
        GitRepository.mapPacks(upTo: 1 << 30)
        let configuration = try Configuration.current()
        try WritableDirectory.checkTemporary(configuration.environment.temporaryDirectory)
        let path = try store.path(in: configuration)
        let catalog = try machine.catalog(configuration)
        let procedure = TaskProcedure(path: path, catalog, configuration)
        let hub = try Hub(configuration, machine.services, machine.hosts)
        // Only a run with a matrix or with `--serve` creates a missing store.
        if let hub {
            try await hub.update(matrix == nil && !serve ? Store(opening: path) : Store(at: path))
        }
        if serve, matrix == nil, deployment == nil {
            let store = try Store(at: path, options: StoreOptions(configuration, machine.services))
            let listener = InboxListener(store)
            defer { listener.end() }
            return try await serveTasks(in: store, procedure)
        }
        let file = try matrix.map { try MatrixFile(path: $0) }
        // Read beside planning: together they decide when the first job starts.
        async let known = ResultTables(readingStoreAt: path)
        var (store, documents, header) = try await planned(file, in: path, catalog: catalog, configuration)
        try store.requireWritable()
        let listener = InboxListener(store)
        defer { listener.end() }
        let only = try only.selectors()
        let picked = try cells(picked: only, of: documents, header, in: store, procedure)
        let plan = try await wholePlan(in: documents, header, procedure)
        let runner = try machine.runner(store: path, catalog: catalog, configuration) { [logs = store.logs] in
            try logs.begin($0)
        }
        try runner.requireUsers(for: plan.targets)
        var number = try await run(
            plan, documents, header, (only, picked), await known, in: store, procedure, runner: runner)
        (documents, header) = try await continued(
            documents, header, of: file, (only, picked), in: store, procedure, runner: runner, last: &number)
        try await serveTasks(
            in: store, TaskProcedure(path: path, catalog, configuration, runner), of: serve ? nil : plan.deployment)
        try runner.trimCache()
        let recorded = try results(of: documents, header, in: store, procedure)
        if format == .text {
            SummaryPrinter.print(try recorded.summary(of: picked, causes: SummaryText.causes, run: number))
        } else {
            try CellPrinter(format: format).print(recorded.states(of: picked))
        }
        if let exit = EarlyExit(of: recorded.overallState(of: picked)) { throw exit }
    }

    /// The current results of a plan.
    func results(
        of documents: PlanDocuments, _ header: PlanHeader, in store: Store, _ procedure: TaskProcedure
    ) throws -> DeploymentResults {
        let cache = try machine.sources.general.directory(
            in: procedure.configuration, store: procedure.path, isRead: true)
        return try DeploymentResults(store: store, documents, header, cache: cache)
    }

    /// The cells that match the selectors; nil for all cells if there are no selectors, for which nothing is read.
    ///
    /// - Throws: `Failure` of the category `input` if a selector matches no cell.
    func cells(
        picked selectors: [Selector], of documents: PlanDocuments, _ header: PlanHeader, in store: Store,
        _ procedure: TaskProcedure
    ) throws -> Set<Cell>? {
        if selectors.isEmpty { return nil }
        let results = try results(of: documents, header, in: store, procedure)
        try results.check(selectors)
        return Set(try results.cells(picked: selectors).map(\.cell))
    }

    /// The whole plan in documents, whose jobs are read from the cache if it has them.
    func wholePlan(
        in documents: PlanDocuments, _ header: PlanHeader, _ procedure: TaskProcedure
    ) async throws -> Plan {
        try await DeploymentResults.wholePlan(in: documents, header, jobs: jobTables(procedure))
    }

    private func jobTables(_ procedure: TaskProcedure) throws -> JobTables {
        let cache = try machine.sources.general.directory(
            in: procedure.configuration, store: procedure.path, isRead: true)
        return JobTables("\(cache)/jobs-of-plans")
    }

    /// The plan to run: of the matrix if one is given, otherwise the deployment's.
    private func planned(
        _ matrix: MatrixFile?, in path: String, catalog: PluginCatalog, _ configuration: Configuration
    ) async throws -> (Store, PlanDocuments, PlanHeader) {
        let planned: (documents: PlanDocuments, header: PlanHeader)? =
            if let matrix {
                try await plan(matrix, in: path, catalog: catalog, configuration)
            } else {
                nil
            }
        let store = try Store(opening: path, options: StoreOptions(configuration, machine.services))
        let (documents, header) = try planned ?? DeploymentResults.plan(of: deployment, in: store)
        return (store, documents, header)
    }

    /// Plans a matrix and writes the plan into the store at `path`.
    func plan(
        _ matrix: MatrixFile, in path: String, catalog: PluginCatalog, _ configuration: Configuration
    ) async throws -> (PlanDocuments, PlanHeader) {
        let inputs = try machine.planInputs(of: matrix, store: path, catalog: catalog, repositories, configuration)
        let progress = PlanProgressLine(quiet: messages.quiet)
        let planned = try await PlanSession(inputs, store: path, progress: { progress.show($0) }).plan()
        progress.clear()
        messages.show(planned.warnings)
        return (planned.documents, planned.header)
    }

    /// Runs the plan and shows its progress. The first Ctrl-C drains the run, the second stops it.
    ///
    /// - Parameter known: Results that were already read from the store.
    /// - Returns: The number of the run; nil if another process ran the deployment.
    func run(
        _ plan: Plan, _ documents: PlanDocuments, _ header: PlanHeader,
        _ only: (selectors: [Selector], cells: Set<Cell>?), _ known: ResultTables = ResultTables(), in store: Store,
        _ procedure: TaskProcedure, runner: LocalRunner
    ) async throws -> Int? {
        var registration = try machine.registration(
            of: "ci run", store: procedure.path, catalog: procedure.catalog,
            slots: jobs.slots(in: procedure.configuration, mayBeZero: true), procedure.configuration)
        registration.deployment = plan.deployment
        let display = ProgressDisplay(messages)
        async let kept: Void? = try? PlanStore(store).keep(plan.jobs, of: plan.deployment, in: jobTables(procedure))
        try await machine.services.share(sourcesOf: header, in: store, procedure.configuration)
        await display.begin(plan)
        let drain = DrainRequest()
        let run = try DeploymentRun(
            store: store, plan: plan, runner: runner, registration: registration, selectors: only.selectors,
            picked: only.cells, policy: wait ? .wait : .join, trigger: trigger, drain: drain,
            hub: Hub(procedure.configuration, machine.services, machine.hosts),
            lastOutput: { [logs = store.logs] in logs.lastWritten(startingWith: $0.hex) })
        let number = Mutex<Int?>(nil)
        let work = Task {
            _ = try await run.run(
                known,
                files: { digest in
                    guard let files = try documents.files(digest) else {
                        throw Failure(.unavailable, "the store has no package files \(digest)", hint: "plan again")
                    }
                    return files
                },
                observe: { event in
                    if case .begun(let run) = event { number.withLock { $0 = run } }
                    await display.show(event)
                })
        }
        let (announced, announcements) = AsyncStream.makeStream(of: String.self)
        let announcing = Task { for await text in announced { await display.announce(text) } }
        let interrupts = InterruptWatch(
            announce: { announcements.yield($0) },
            drain: {
                drain.make()
                Task { await display.drain() }
            }, stop: { work.cancel() })
        let result = await work.result
        interrupts.stop()
        announcements.finish()
        await announcing.value
        await display.finish()
        _ = await kept
        try result.get()
        return number.withLock { $0 }
    }
}
