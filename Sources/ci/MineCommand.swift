internal import ArgumentParser
internal import Core
internal import Git
internal import Glibc
internal import Review

struct MineCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "mine",
        abstract: "Print the packages of a maintainer, those with the most bad cells first.",
        discussion: """
            ADDRESS is matched with the maintainers in the opam files: the address, the name, or all of it; globs work, and \
            letter case is ignored. The default is git's user.email.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(help: "Print all packages; without it at most 24 lines, as wide as the terminal.")
    var all = false

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "Whose packages.")
    var address: String?

    func run() async throws {
        guard let address = address ?? GitRepository.userAddress, !address.isEmpty else {
            throw Failure(
                .input, "no address is given, and git knows none",
                hint: "ci mine ADDRESS, or git config --global user.email ADDRESS")
        }
        let packages = try store.results(of: deployment).packages(of: address)
        guard format == .text else { return try printJSON(packages) }
        let width = Terminal.columns(of: STDOUT_FILENO)
        for line in packages.lines(width: width, limit: all ? nil : 24) { StandardOutput.print(line) }
    }
}
