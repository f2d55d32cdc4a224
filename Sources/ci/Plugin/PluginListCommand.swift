internal import ArgumentParser
internal import Core
internal import PluginHost
internal import PluginTools
internal import Review

struct PluginListCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the plugins, their targets, and the files that other files hide.")

    @OptionGroup var trace: LogOption
    @OptionGroup var path: PluginPathOption

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    func run() async throws {
        let catalog = try path.catalog(in: .current())
        let listing = try await PluginListing(of: catalog)
        switch format {
        case .text: StandardOutput.print(listing.text)
        case .csv: StandardOutput.write(listing.csv)
        case .json: try printJSON(listing)
        }
        if !listing.broken.isEmpty { throw EarlyExit(status: .input) }
    }
}

extension PluginListing {
    fileprivate var text: String {
        var table = TextTable()
        table.add(["NAME", "VERSION", "TARGETS", "ARCHITECTURES", "NAMES COMPARED", "FILE"])
        for plugin in plugins {
            table.add([
                plugin.name, plugin.version, plugin.targets.joined(separator: " "),
                plugin.architectures.joined(separator: " "), plugin.comparisons, plugin.file,
            ])
        }
        var lines = plugins.isEmpty && broken.isEmpty ? ["no plugins"] : table.lines()
        lines += shadowed.map { "hidden: \($0.file) by \($0.by)" }
        lines += broken.map(\.message)
        return lines.joined(separator: "\n")
    }

    fileprivate var csv: String {
        plugins.map { plugin in
            [plugin.name, plugin.version, plugin.digest.hex, plugin.targets.joined(separator: " "), plugin.file]
                .map(csvField).joined(separator: ",") + "\n"
        }.joined()
    }
}
