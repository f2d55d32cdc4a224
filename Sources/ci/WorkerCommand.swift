internal import Agent
internal import ArgumentParser
internal import Core
internal import Foundation
internal import Model
internal import PlanSession
internal import Records
internal import RunnerInterface
internal import Store
internal import Synchronization
internal import System
internal import Worker

struct WorkerCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run jobs for the other processes that use the store, until Ctrl-C.",
        discussion: """
            Runs jobs of all deployments that `ci run` processes on the store run. It neither plans nor records results. If \
            'coordination' and 'blobs' are set, it does not need the store's directory. Ctrl-C finishes the running jobs and \
            exits; a second Ctrl-C stops them and returns them.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var messages: OutputOptions
    @OptionGroup var machine: RunnerOptions

    @OptionGroup var jobs: JobsOption

    @Option(help: "Run only jobs of the targets that this glob matches; may be repeated.")
    var targets: [String] = []

    @Option(
        help: "The number of jobs assigned in advance, to start without delay.", parsedBy: number(in: 0...1024))
    var backlog = 1

    func run() async throws {
        let configuration = try Configuration.current()
        try WritableDirectory.checkTemporary(configuration.environment.temporaryDirectory)
        let path = try store.path(in: configuration)
        let catalog = try machine.catalog(configuration)
        let services = try machine.services.workerStore(
            in: configuration, cache: machine.sources.general.directory(in: configuration, store: path))
        let store = try services ?? WorkerStore(opening: path, options: StoreOptions(configuration, machine.services))
        let slots = try jobs.slots(in: configuration)
        var registration = try machine.registration(
            of: "ci worker", store: path, catalog: catalog, slots: slots, configuration)
        registration.targets = targets.isEmpty ? nil : targets
        // By a catalog of its own: the plugins' processes end with it.
        let registered = try await machine.catalog(configuration).registered(
            about: { [registration] in registration.runs(target: $0) })
        registration.answers = registered.answers
        registration.plugins = registered.plugins.sorted()
        for (name, error) in registered.failures.sorted(by: { $0.key < $1.key }) {
            StandardError.print("worker: it gets no jobs of the plugin '\(name)': \(Failure(describing: error))")
        }
        registration.backlog = backlog
        let logs = store.logs
        let runner = try machine.runner(
            store: path, reachesStore: services == nil, catalog: catalog, configuration
        ) { try logs.begin($0) }
        let environment = WorkerAgent.Environment(
            values: DispatchValues(store.ephemeral), blobs: store.objects, runner: runner,
            lastOutput: { logs.lastWritten(startingWith: $0.hex) })
        let isInterrupted = try await work(environment, registration)
        try runner.trimCache()
        if isInterrupted { throw CancellationError() }
    }

    /// Runs jobs until interrupted or drained. A worker whose registration expired registers again.
    ///
    /// - Returns: Whether it was interrupted.
    private func work(
        _ environment: WorkerAgent.Environment, _ registration: WorkerRegistration
    ) async throws -> Bool {
        var registration = registration
        let isInterrupted = Atomic(false)
        while true {
            let agent = try WorkerAgent(environment, registration) { [messages] event in messages.show(event) }
            if !messages.quiet {
                StandardError.print("worker \(agent.id): \(count(registration.slots, "slot")), waiting for jobs")
            }
            let interrupts = InterruptWatch(
                drain: {
                    isInterrupted.store(true, ordering: .relaxed)
                    agent.drain()
                },
                stop: {
                    isInterrupted.store(true, ordering: .relaxed)
                    agent.stop()
                })
            let ending = await agent.end()
            interrupts.stop()
            guard !isInterrupted.load(ordering: .relaxed), case .lost(let mode) = ending else {
                return isInterrupted.load(ordering: .relaxed)
            }
            registration.mode = mode
            let suffix = mode == .paused ? ", paused" : ""
            StandardError.print("worker: the registration expired; registering again\(suffix)")
        }
    }
}

extension OutputOptions {
    /// Prints the events of a worker, with a line for each job that ends.
    fileprivate func show(_ event: WorkerAgent.Event) {
        guard !quiet else { return }
        switch event {
        case .began(_, let assignment): if verbose { StandardError.print("\(assignment.title): begins") }
        case .step(let job, let step): if verbose { StandardError.print("\(job.hex.prefix(12)): \(step)") }
        case .ended(_, let assignment, let report):
            let phase = report.phase.map { " in \($0.rawValue)" } ?? ""
            let reason = report.reason.map { ": \($0)" } ?? ""
            StandardError.print(
                "\(assignment.title): \(report.outcome.rawValue)\(phase), \(durationText(report.duration))\(reason)")
        case .delayed(let assignment, let error):
            StandardError.print(
                "\(assignment.title): the result waits until it can be reported: \(Failure(describing: error))")
        case .short(let shortage): StandardError.print("worker: paused, its jobs are left to others: \(shortage)")
        case .mode(let mode): StandardError.print("worker: \(mode.rawValue)")
        }
    }
}

extension JobAssignment {
    fileprivate var title: String { (kind == .test ? "tests of " : "") + cell.description }
}
