internal import Core
internal import Model
package import PluginHost
internal import PluginMessages

extension PluginCatalog {
    /// What a worker registers of its plugins.
    package struct Registered: Sendable {
        /// The answers about the targets that the plugins know by name: prefixes of digests by `Plan.Target.question`.
        /// Refused targets are omitted.
        package var answers: [String: String] = [:]
        /// The names of the plugins that can be loaded.
        package var plugins: Set<String> = []
        /// Why the other plugins cannot be loaded, by their names.
        package var failures: [String: any Error] = [:]
    }

    /// Loads all plugins for the registration of a worker.
    ///
    /// - Parameter isServed: whether the worker runs jobs of a target.
    package func registered(
        about isServed: @escaping @Sendable (String) -> Bool, architecture: String = hostArchitecture()
    ) async -> Registered {
        await withTaskGroup(of: Registered.self) { group in
            for file in found.files {
                group.addTask {
                    do {
                        let answers = await (try self.load(file)).answers(about: isServed, architecture)
                        return Registered(answers: answers, plugins: [file.name])
                    } catch {
                        return Registered(failures: [file.name: error])
                    }
                }
            }
            return await group.reduce(into: Registered()) { all, one in
                all.answers.merge(one.answers) { first, _ in first }
                all.plugins.formUnion(one.plugins)
                all.failures.merge(one.failures) { first, _ in first }
            }
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
