internal import PluginHost

extension PluginSearchPath {
    /// The search path that a flag, the environment or `ciso.yaml` sets, with the shipped plugins behind it.
    static func configured(_ configuration: Configuration, flag: String? = nil) throws -> PluginSearchPath {
        let path = try Settings.pluginPath.value(flag: flag, in: configuration) ?? ""
        return PluginSearchPath(given: path.split(separator: ":").map(String.init))
    }
}
