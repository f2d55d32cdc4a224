internal import ArgumentParser
internal import Core
internal import Foundation
internal import Model
internal import Review
internal import Synchronization

struct WatchCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print the progress of a deployment, then each result as it is recorded, until Ctrl-C.",
        discussion: """
            Prints results recorded by any process, workers that register, leave or change their mode, and tasks that change \
            their state. On a terminal the lowest lines show the running jobs of each worker and the remaining work. With \
            --format json, prints results only.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text, or json: one result per line.")
    var format: DocumentFormat = .text

    func run() async throws {
        let results = try store.results(of: deployment)
        let display = WatchDisplay { [store, deployment] in
            // If the results cannot be read now, the next change shows them.
            guard let results = try? store.results(of: deployment),
                let workers = try? WorkerSummary.all(in: results.store)
            else { return nil }
            return try? results.status(workers: workers).queue
        }
        let (lines, printing) = AsyncStream.makeStream(of: Line.self)
        let printer = Task { for await line in lines { await line.print(on: display) } }
        if format == .text { try await show(results, on: display) }
        let feed = try ResultFeed(of: results) { [format] result in
            printing.yield(
                format == .json ? .json(try WatchCommand.json(of: result)) : .text(WatchCommand.text(of: result)))
        }
        let activity = format == .json ? nil : ActivityFeed(of: results.store) { printing.yield(.activity($0)) }
        defer {
            feed.cancel()
            activity?.cancel()
            printer.cancel()
        }
        let waiting = Task { [format] in
            while true {
                try await Task.sleep(for: .seconds(1))
                if format == .text { printing.yield(.tick) }
            }
        }
        let readerIsGone = Atomic(false)
        StandardOutput.onReaderGone {
            readerIsGone.store(true, ordering: .relaxed)
            waiting.cancel()
        }
        let interrupts = InterruptWatch(announce: { _ in }, stop: { waiting.cancel() })
        defer { interrupts.stop() }
        do {
            try await waiting.value
        } catch _ where readerIsGone.load(ordering: .relaxed) {
            return
        }
    }

    /// Prints the state at the beginning of the watch.
    private func show(_ results: DeploymentResults, on display: WatchDisplay) async throws {
        let workers = try WorkerSummary.all(in: results.store)
        let tasks = try TaskSummary.all(in: results.store)
        let status = try results.status(workers: workers, tasks: tasks)
        for line in status.lines + WorkerSummary.lines(workers) + TaskSummary.lines(tasks) {
            await display.printLine(line)
        }
    }

    /// An item to print, in order.
    private enum Line: Sendable {
        case json(String)
        case text(String)
        case activity(ActivityFeed.Event)
        case tick

        func print(on display: WatchDisplay) async {
            switch self {
            case .json(let text):
                StandardOutput.write(json: text)
                StandardOutput.flush()
            case .text(let text): await display.printLine(text)
            case .activity(let event): await display.take(event)
            case .tick: await display.draw()
            }
        }
    }

    private static func text(of result: CellResult) -> String {
        result.subject + (result.reason.map { ": \($0)" } ?? "")
    }

    private static func json(of result: CellResult) throws -> String {
        try CompactJSON.text(of: result) + "\n"
    }
}
