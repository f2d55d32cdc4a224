internal import ArgumentParser
internal import Core
internal import Foundation
internal import Model
internal import Review
internal import Synchronization

struct WatchCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print the progress of a deployment, then each verdict as it is recorded, until Ctrl-C.",
        discussion: "Verdicts are printed whichever process records them.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text or json: a verdict a line.")
    var format: DocumentFormat = .text

    func run() async throws {
        let results = try store.results(of: deployment)
        if format == .text {
            for line in try results.status().lines { StandardOutput.print(line) }
            StandardOutput.flush()
        }
        let feed = try ResultFeed(of: results) { [format] result in try WatchCommand.print(result, format) }
        defer { feed.cancel() }
        let waiting = Task { while true { try await Task.sleep(for: .seconds(3600)) } }
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

    private static func print(_ result: CellResult, _ format: DocumentFormat) throws {
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
