internal import Core
package import PluginMessages
internal import System

/// The plugins on a search path, which are loaded on demand.
package final class PluginCatalog: Sendable {
    /// The files on the search path.
    package let found: PluginSearchPath.Found

    private let searchPath: PluginSearchPath
    private let host: PluginHostProgram
    private let limits: PluginLimits
    private let loading = AsyncMemo<String, Plugin>()

    /// Searches for plugins without loading any.
    package init(
        _ searchPath: PluginSearchPath = PluginSearchPath(), host: PluginHostProgram = .besideThisProgram(),
        limits: PluginLimits = PluginLimits()
    ) {
        self.searchPath = searchPath
        self.host = host
        self.limits = limits
        found = searchPath.find()
    }

    /// The plugin with this name (`debian`).
    ///
    /// - Throws: `Failure` if there is none, or it cannot be loaded.
    package func plugin(named name: String) async throws -> Plugin {
        guard let file = found.files.first(where: { $0.mayContain(pluginNamed: name) }) else {
            throw missing("no plugin is named '\(name)'", nearest: nearest(to: name, in: found.files.map(\.name)))
        }
        return try await load(file)
    }

    /// The plugin that serves a target (`debian-12`, `archlinux`), and the request for the target.
    ///
    /// The plugin with the name of the target's distribution is tried first, then all others in order of names.
    ///
    /// - Parameters:
    ///   - architecture: The architecture in opam's spelling; nil for the default of the distribution.
    ///   - systemCompiler: Whether the environment must contain the distribution's own OCaml.
    ///   - options: The options from the matrix.
    /// - Throws: `Failure` if no plugin serves the target; it names the most similar known target.
    package func plugin(
        serving target: String, architecture: String? = nil, systemCompiler: Bool = false,
        options: [String: String] = [:]
    ) async throws -> (plugin: Plugin, request: TargetRequest) {
        let namesakes = found.files.filter { target == $0.name || target.hasPrefix("\($0.name)-") }
        let others = found.files.filter { !namesakes.contains($0) }
        var known: [String] = []
        for file in namesakes + others {
            // A broken plugin that is not needed for the target must not prevent it.
            guard let plugin = try await loadable(file, required: namesakes.contains(file)) else { continue }
            for distribution in try await plugin.describe().distributions {
                if let request = distribution.request(
                    target: target, architecture: architecture, systemCompiler: systemCompiler, options: options)
                {
                    return (plugin, request)
                }
                known += distribution.targets
            }
        }
        throw missing("no plugin serves the target '\(target)'", nearest: nearest(to: target, in: known))
    }

    /// Loads `file`, or returns the loaded plugin. Concurrent callers wait for the same load.
    package func load(_ file: PluginFile) async throws -> Plugin {
        let (host, limits) = (host, limits)
        return try await loading.value(for: file.path) { try await Plugin.load(file, host: host, limits: limits) }
    }

    private func loadable(_ file: PluginFile, required: Bool) async throws -> Plugin? {
        do {
            return try await load(file)
        } catch  where !required {
            return nil
        }
    }

    private func missing(_ message: String, nearest: String?) -> Failure {
        let entries = searchPath.entries.joined(separator: ", ")
        let names = found.files.map(\.name).joined(separator: ", ")
        return Failure(
            .input, "\(message); found: \(names.isEmpty ? "none" : names); searched: \(entries)",
            hint: nearest.map { "did you mean '\($0)'?" } ?? "`ci plugin list` shows the available plugins")
    }
}

extension Distribution {
    /// The names of targets for the known versions.
    package var targets: [String] {
        versions.isEmpty ? [name] : versions.map { "\(name)-\($0)" }
    }

    /// The request for `target` if it belongs to this distribution. The plugin decides whether the version is known.
    package func request(
        target: String, architecture: String?, systemCompiler: Bool, options: [String: String]
    ) -> TargetRequest? {
        let version = target.hasPrefix("\(name)-") ? String(target.dropFirst(name.utf8.count + 1)) : nil
        guard target == name || version != nil else { return nil }
        return TargetRequest(
            target: target, distribution: name, version: version,
            architecture: architecture ?? architectures.first ?? "x86_64",
            systemCompiler: systemCompiler, options: options)
    }
}
