internal import ArgumentParser
internal import Core
internal import PluginHost

struct PluginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "List, check and create plugins: shared objects that describe one distribution each.",
        subcommands: [
            PluginListCommand.self, PluginCheckCommand.self, PluginNewCommand.self, PluginDepextsCommand.self,
        ])
}

/// The option for the plugin search path.
struct PluginPathOption: ParsableArguments {
    @Option(Settings.pluginPath)
    var flag: String?

    /// The plugins on the configured search path, then those shipped with the program.
    func catalog(in configuration: Configuration) throws -> PluginCatalog {
        try PluginCatalog(configuration, flag: flag)
    }
}
