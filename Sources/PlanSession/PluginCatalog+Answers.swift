internal import Core
internal import Model
package import PluginHost
internal import PluginMessages

extension PluginCatalog {
    /// The answers of plugins about the targets that they know by name, as a worker registers them: prefixes of digests
    /// by `Plan.Target.question`. Plugins that cannot be loaded and refused targets are omitted.
    ///
    /// - Parameter isServed: whether the worker runs jobs of a target.
    package func answers(
        about isServed: @escaping @Sendable (String) -> Bool, architecture: String = hostArchitecture()
    ) async -> [String: String] {
        await withTaskGroup(of: [String: String].self) { group in
            for file in found.files {
                group.addTask {
                    guard let plugin = try? await self.load(file) else { return [:] }
                    return await plugin.answers(about: isServed, architecture)
                }
            }
            return await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        }
    }
}

extension Plugin {
    fileprivate func answers(
        about isServed: @Sendable (String) -> Bool, _ architecture: String
    ) -> [String: String] {
        var answers: [String: String] = [:]
        for distribution in (try? describe().distributions) ?? [] {
            let usual = distribution.architectures.first ?? architecture
            for name in distribution.targets where isServed(name) {
                for architecture in Set([architecture, usual]) {
                    for systemCompiler in [false, true] {
                        guard
                            let request = distribution.request(
                                target: name, architecture: architecture, systemCompiler: systemCompiler, options: [:])
                        else { continue }
                        answers.merge(self.answers(about: request)) { first, _ in first }
                    }
                }
            }
        }
        return answers
    }

    /// With the distribution's opam client and without.
    private func answers(about request: TargetRequest) -> [String: String] {
        var answers: [String: String] = [:]
        for opamClient in [false, true] {
            var request = request
            request.opamClient = opamClient ? true : nil
            guard let description = try? target(request), !opamClient || description.opamClient != nil,
                let digest = try? answersDigest(for: request)
            else { continue }
            let question = Plan.Target.question(
                identity.name, request.target, request.architecture, systemCompiler: request.systemCompiler,
                opamClient: opamClient)
            answers[question] = String(digest.hex.prefix(WorkerRegistration.answerLength))
        }
        return answers
    }
}
