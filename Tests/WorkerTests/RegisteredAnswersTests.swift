import Core
import Model
import PlanSession
import PluginHost
import PluginMessages
import TestSupport
import Testing

/// A worker's registration of the answers of its plugins, with the shipped ones.
@Suite struct RegisteredAnswersTests {
    /// A worker does not register a plugin that cannot be loaded: it would fail all jobs of its targets.
    @Test func brokenPluginsAreNotRegistered() async throws {
        let directory = try TemporaryDirectory()
        _ = try ExamplePlugin.build(in: directory.path)
        try directory.write("no library", to: "libCisoBroken.so")
        let catalog = PluginCatalog(
            PluginSearchPath(given: [directory.path]),
            host: PluginHostProgram(path: try BuiltProgram.path(of: "ciso-plugin-host")), limits: PluginLimits())
        let registered = await catalog.registered(about: { $0.hasPrefix("minimal") })
        #expect(registered.plugins.contains("minimal") && Array(registered.failures.keys) == ["broken"])
        #expect("\(registered.failures["broken"].map { "\($0)" } ?? "")".contains("cannot be loaded"))
        #expect(!registered.answers.isEmpty && registered.answers.keys.allSatisfy { $0.hasPrefix("minimal ") })
    }

    @Test func answersAreThoseThatAPlanHas() async throws {
        let host = try BuiltProgram.path(of: "ciso-plugin-host")
        let directory = String(host.dropLast("/ciso-plugin-host".count))
        let catalog = PluginCatalog(
            PluginSearchPath(given: [directory]), host: PluginHostProgram(path: host), limits: PluginLimits())
        let answers = await catalog.registered(about: { $0.hasPrefix("debian-") || $0.hasPrefix("openbsd") }).answers
        for (name, architecture) in [("debian-12", hostArchitecture()), ("openbsd-7.7", nil)] {
            for systemCompiler in name == "debian-12" ? [false, true] : [false] {
                let (plugin, request) = try await catalog.plugin(
                    serving: name, architecture: architecture, systemCompiler: systemCompiler)
                let target = Plan.Target(
                    name: name,
                    plugin: Job.Plugin(
                        name: plugin.identity.name, version: plugin.identity.version,
                        digest: try await plugin.answersDigest(for: request)),
                    distribution: request.distribution, version: request.version, architecture: request.architecture,
                    systemCompiler: systemCompiler, options: [:], variables: [:], environment: Digest(of: ""),
                    required: true)
                let question = try #require(target.question)
                #expect(answers[question].map { target.plugin.digest.hex.hasPrefix($0) } == true, "\(question)")
            }
        }
        #expect(answers.keys.allSatisfy { $0.contains(" debian-") || $0.contains(" openbsd-") }, "no other is asked")
        #expect(answers.keys.contains { $0.hasSuffix(" opam") })
        let all = await catalog.registered(about: { _ in true }).answers
        var registration = WorkerRegistration(name: "", host: "", version: "", slots: 1, cache: "", since: 0)
        registration.answers = all
        let size = try CanonicalJSON.encode(registration).count
        #expect(size < 8 << 10, "\(all.count) answers")
    }
}
