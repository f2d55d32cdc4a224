internal import PluginHost
internal import System

extension PluginSearchPath {
    /// The search path from a flag, the environment or `ciso.yaml`, followed by the shipped plugins.
    static func configured(_ configuration: Configuration, flag: String? = nil) throws -> PluginSearchPath {
        let path = try Settings.pluginPath.value(flag: flag, in: configuration) ?? ""
        return PluginSearchPath(given: path.split(separator: ":").map(String.init))
    }
}

extension PluginCatalog {
    /// The plugins on that search path.
    convenience init(_ configuration: Configuration, flag: String?) throws {
        self.init(
            try PluginSearchPath.configured(configuration, flag: flag),
            host: PluginHostProgram(in: configuration.environment))
    }
}

extension PluginHostProgram {
    /// The plugin host shipped with the program.
    init(in environment: ProcessEnvironment) {
        self = .besideThisProgram(libraryPath: environment["LD_LIBRARY_PATH"])
    }
}
