internal import ArgumentParser
internal import Core
internal import Model
internal import Records
internal import Review
internal import Store

struct PauseCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause workers: they start no further jobs until resumed.",
        discussion: "Running jobs continue. Prints the workers. 'ci status' lists them with their modes.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Flag(help: "Resume paused workers.")
    var resume = false

    @Argument(help: "Globs of the ids or names of workers.")
    var workers: [String]

    func run() async throws { try store.request(resume ? .ready : .paused, of: workers) }
}

struct DrainCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Drain workers: they finish running jobs, return the others, and leave.",
        discussion: "Prints the workers. A draining worker takes no further jobs.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "Globs of the ids or names of workers.")
    var workers: [String]

    func run() async throws { try store.request(.draining, of: workers) }
}

extension StoreOption {
    /// Requests a mode from the workers that match the globs, and prints their ids.
    fileprivate func request(_ mode: WorkerRegistration.Mode, of globs: [String]) throws {
        let store = try open()
        let values = DispatchValues(store.ephemeral)
        for worker in try WorkerSummary.matching(globs, in: store) where try values.request(mode, of: worker.id) {
            StandardOutput.print(worker.id)
        }
    }
}
