internal import ArgumentParser
internal import Core
internal import Documents
internal import Records
internal import Review
internal import Store

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Print how far every deployment in the store is, and what runs where.")

    @OptionGroup var store: StoreOption

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    func run() async throws {
        let store = try Store(opening: store.path(in: Configuration.current()))
        let statuses = try ResultsReader.deployments(in: store).map { name in
            let reader = try ResultsReader(store: store, deployment: name)
            return DeploymentStatus(
                plan: reader.header, states: try reader.states(picked: []),
                running: try RunningJob.all(of: name, in: store))
        }
        switch format {
        case .json: try printJSON(statuses)
        case .csv: printCSV(statuses)
        case .text: for line in statuses.flatMap(\.lines) { StandardOutput.print(line) }
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
