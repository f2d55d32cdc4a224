extension Plan.Target {
    /// Identifies the request to its plugin; nil if the matrix has another name or options, which workers cannot know
    /// in advance.
    public var question: String? {
        let defaultName = version.map { "\(distribution)-\($0)" } ?? distribution
        guard options.isEmpty, name == defaultName else { return nil }
        return Self.question(
            plugin.name, name, architecture, systemCompiler: systemCompiler, opamClient: engine == .opam)
    }

    /// Identifies a request to a plugin about a target.
    package static func question(
        _ plugin: String, _ target: String, _ architecture: String, systemCompiler: Bool, opamClient: Bool
    ) -> String {
        "\(plugin) \(target) \(architecture)" + (systemCompiler ? " system-compiler" : "") + (opamClient ? " opam" : "")
    }
}
