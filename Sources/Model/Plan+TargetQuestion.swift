extension Plan.Target {
    /// Identifies what its plugin was asked; nil if the matrix gives a name, version or options of its own, which
    /// workers cannot know in advance.
    public var question: String? {
        let usual = version.map { "\(distribution)-\($0)" } ?? distribution
        guard options.isEmpty, name == usual else { return nil }
        return Self.question(
            plugin.name, name, architecture, systemCompiler: systemCompiler, opamClient: engine == .opam)
    }

    /// Identifies what a plugin is asked about a target.
    package static func question(
        _ plugin: String, _ target: String, _ architecture: String, systemCompiler: Bool, opamClient: Bool
    ) -> String {
        "\(plugin) \(target) \(architecture)" + (systemCompiler ? " system-compiler" : "") + (opamClient ? " opam" : "")
    }
}
