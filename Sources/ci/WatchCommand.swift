internal import ArgumentParser
internal import Core
internal import Documents
internal import Foundation
internal import Records
internal import Review
internal import Store
internal import Synchronization

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print how far a deployment is, then every verdict as it is recorded, until Ctrl-C.",
        discussion: "Verdicts are told whichever process records them.")

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Option(help: "text or json: a verdict a line.")
    var format: DocumentFormat = .text

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        if format == .text {
            let states = try reader.states(picked: [])
            let running = try RunningJob.all(of: reader.header.deployment, in: reader.store)
            let status = DeploymentStatus(plan: reader.header, states: states, running: running)
            for line in status.lines { StandardOutput.print(line) }
            StandardOutput.flush()
        }
        let branches = try Set(reader.header.targets.map(\.name)).sorted().map { target in
            try Branch(ResultBranch(deployment: reader.header.deployment, target: target).name)
        }
        let watches = branches.map { branch in
            reader.store.watch(branch, mode: .audit) { [format] event in
                guard !event.isInitial else { return }
                for change in event.changes where change.new != nil {
                    try WatchCommand.tell(change.path, in: event.snapshot, format)
                }
            }
        }
        defer { for watch in watches { watch.cancel() } }
        let waiting = Task { while true { try await Task.sleep(for: .seconds(3600)) } }
        let readerIsGone = Atomic(false)
        StandardOutput.onReaderGone {
            readerIsGone.store(true, ordering: .relaxed)
            waiting.cancel()
        }
        let interrupts = InterruptWatch(note: nil) { waiting.cancel() }
        defer { interrupts.stop() }
        do {
            try await waiting.value
        } catch _ where readerIsGone.load(ordering: .relaxed) {
            return
        }
    }

    /// Prints the verdict at `path`; the index is none.
    private static func tell(_ path: StorePath, in snapshot: Snapshot, _ format: DocumentFormat) throws {
        guard path.components.first != "index", let result = try snapshot.value(CellResult.self, at: path) else {
            return
        }
        if format == .json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            StandardOutput.write(json: String(decoding: try encoder.encode(result), as: UTF8.self) + "\n")
        } else {
            StandardOutput.print(result.subject + (result.reason.map { ": \($0)" } ?? ""))
        }
        StandardOutput.flush()
    }
}
