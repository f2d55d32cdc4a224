internal import ArgumentParser
internal import Core
internal import Foundation
internal import PluginHost
internal import PluginMessages
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
        var listing = PluginListing(shadowed: catalog.found.shadowed.map { .init(file: $0.file.path, by: $0.by.path) })
        for file in catalog.found.files {
            do {
                let plugin = try await catalog.load(file)
                let description = try await plugin.describe()
                listing.plugins.append(.init(plugin.identity, file.path, description))
            } catch let failure as Failure {
                listing.broken.append(.init(file: file.path, message: failure.description))
            }
        }
        switch format {
        case .text: StandardOutput.print(listing.text)
        case .csv: StandardOutput.write(listing.csv)
        case .json: try printJSON(listing)
        }
        if !listing.broken.isEmpty { throw EarlyExit(status: .input) }
    }
}

/// What `ci plugin list` prints; its JSON form is documented in docs/plugins.md.
private struct PluginListing: Encodable {
    struct Entry: Encodable {
        var name: String
        var version: String
        var digest: Digest
        var file: String
        var summary: String
        var targets: [String]
        var architectures: [String]
        var options: [PluginOption]
        /// When the names of system packages were last compared with the distro's list, by target.
        var namesCompared: [String: String]
        /// The same in words.
        var comparisons: String

        private enum CodingKeys: CodingKey {
            case name, version, digest, file, summary, targets, architectures, options, namesCompared
        }

        init(_ identity: Plugin.Identity, _ file: String, _ description: PluginDescription) {
            name = identity.name
            version = identity.version
            digest = identity.digest
            self.file = file
            summary = description.summary
            targets = description.distributions.flatMap(\.targets)
            architectures = Set(description.distributions.flatMap(\.architectures)).sorted()
            options = description.options
            namesCompared = description.distributions.reduce(into: [:]) { all, distribution in
                all.merge(distribution.namesCompared ?? [:]) { first, _ in first }
            }
            comparisons = description.comparisons
        }
    }

    struct Shadowed: Encodable {
        var file: String
        var by: String
    }

    struct Broken: Encodable {
        var file: String
        var message: String
    }

    var plugins: [Entry] = []
    var shadowed: [Shadowed]
    var broken: [Broken] = []

    var text: String {
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

    var csv: String {
        plugins.map { plugin in
            [plugin.name, plugin.version, plugin.digest.hex, plugin.targets.joined(separator: " "), plugin.file]
                .map(quoted).joined(separator: ",") + "\n"
        }.joined()
    }

    private func quoted(_ text: String) -> String {
        text.contains { "\",\n".contains($0) } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
