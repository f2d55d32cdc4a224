internal import ArgumentParser
internal import Core
internal import Review

struct StatusCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Print the progress of every deployment in the store: cells, jobs, workers and tasks.",
        discussion: """
            Only reads the store. The remaining time is estimated from the durations of earlier builds of the packages and \
            from the slots of the available workers.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    func run() async throws {
        let cache = try store.indexCache()
        let store = try store.open()
        let (workers, tasks) = (try WorkerSummary.all(in: store), try TaskSummary.all(in: store))
        let statuses = try DeploymentStatus.all(in: store, cache: cache, workers: workers, tasks: tasks)
        switch format {
        case .json: try printJSON(statuses)
        case .csv: printCSV(statuses)
        case .text:
            for line in statuses.flatMap(\.lines) + WorkerSummary.lines(workers) + TaskSummary.lines(tasks) {
                StandardOutput.print(line)
            }
        }
    }

    private func printCSV(_ statuses: [DeploymentStatus]) {
        StandardOutput.print("deployment,target,state,cells")
        for status in statuses {
            for target in status.targets {
                for (state, cells) in target.states.sorted(by: { $0.key < $1.key }) {
                    StandardOutput.print("\(csvField(status.deployment)),\(csvField(target.name)),\(state),\(cells)")
                }
            }
        }
    }
}
