internal import ArgumentParser
internal import Core
internal import Records
internal import Store

struct InboxCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "Check and merge the results and logs that other programs pushed to the store.",
        discussion: """
            Other programs push with git to branches inbox/NAME of the store. `ci run` merges them while it runs; this command \
            merges them at once, for example from a hook. The reply is the document reply.json on the branch replies/NAME. \
            Exits with 2 if a push has a problem.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    func run() async throws {
        let replies = try Inbox(store.open()).receive()
        for (name, reply) in replies {
            for problem in reply.problems { StandardError.print("inbox/\(name): \(problem)") }
            if reply.problems.isEmpty {
                StandardOutput.print("inbox/\(name): \(reply.mergedWords)")
            }
        }
        if replies.contains(where: { !$0.reply.problems.isEmpty }) { throw EarlyExit(status: .input) }
    }
}
