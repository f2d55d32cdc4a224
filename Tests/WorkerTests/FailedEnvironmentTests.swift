import Core
import Foundation
import Layers
import Model
import PlanSession
import PluginHost
import PluginMessages
import RunnerInterface
import System
import TestSupport
import Testing

@testable import Worker

/// Environments that cannot be made: the number of attempts, and the messages.
@Suite(.enabled(if: QuickstartFixture.isPossible, "needs root and bwrap"))
struct FailedEnvironmentTests {
    /// A worker with a plugin whose root file system is a few files of this machine.
    private struct Fixture {
        let directory: TemporaryDirectory
        let target: Plan.Target
        let environments: TargetEnvironments

        /// - Parameters:
        ///   - bootstrap: the script of the step at the worker; `count` is the file that it may count its runs in.
        /// - version: the environment's version according to the plugin; the probe reports 1.
        init(
            _ bootstrap: String = SmallRootPlugin.fill, network: Bool = false, tools: String = "",
            version: String = "1",
            in existing: TemporaryDirectory? = nil
        ) async throws {
            directory = try existing ?? TemporaryDirectory()
            let file = try SmallRootPlugin.build(
                in: directory.path, bootstrap: bootstrap, network: network, tools: tools, version: version)
            let catalog = PluginCatalog(
                PluginSearchPath(entries: [file]),
                host: PluginHostProgram(path: try BuiltProgram.path(of: "ciso-plugin-host")),
                limits: PluginLimits())
            let (plugin, request) = try await catalog.plugin(serving: "minimal-1")
            let description = try await plugin.target(request)
            target = Plan.Target(
                name: "minimal-1",
                plugin: Job.Plugin(
                    name: plugin.identity.name, version: plugin.identity.version,
                    digest: try await plugin.answersDigest(for: request)),
                distribution: request.distribution, version: request.version, architecture: request.architecture,
                systemCompiler: false, options: [:], variables: description.variables,
                environment: try description.environmentDigest(), required: true)
            environments = TargetEnvironments(
                EnvironmentStore("\(directory.path)/worker"), catalog: catalog, variables: .ofTests,
                backoff: ExponentialBackoff(.milliseconds(1), limit: .milliseconds(1)))
        }

        var makings: Int { (directory.read("count") ?? "").split(separator: "\n").count }

        func failure() async -> PermanentFailure? {
            await #expect(throws: PermanentFailure.self) { try await environments.environment(of: target) { _ in } }
        }
    }

    /// The probe rejects the description: the environment is made once, whatever the number of jobs, and the message
    /// names the required change.
    @Test func aRefutedDescriptionCostsOneBootstrap() async throws {
        let fixture = try await Fixture(version: "2")
        let messages = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<5 { group.addTask { await fixture.failure()?.description } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        let later = await fixture.failure()?.description
        #expect(messages == [later])
        #expect(fixture.makings == 1)
        let text = later ?? ""
        for part in [
            "target 'minimal-1'", "'os-version': the plugin says '2', the environment says '1'",
            "'variables' of the plugin's answer to 'target'",
            "libCisoMinimal.so", "ci plugin check",
        ] {
            #expect(text.contains(part), "\(part) in: \(text)")
        }
        #expect(!text.contains("name the target"), "it is named so already")
    }

    @Test func aCorrectedDescriptionDoesNotBootstrapAgain() async throws {
        let fixture = try await Fixture(version: "2")
        _ = await fixture.failure()
        let corrected = try await Fixture(in: fixture.directory)
        let made = try await corrected.environments.environment(of: corrected.target) { _ in }
        #expect(FileManager.default.fileExists(atPath: made.base + "/bin/sh"))
        #expect(corrected.makings == 1)
    }

    @Test(arguments: [
        ("exit 7", false, 1, "step 'fill': exit status 7"),
        ("no-such-program", true, 1, "exit status 127"),
        ("echo 'sh: 1: xbps: not found'; exit 1", true, 1, "xbps: not found"),
        ("echo 'curl: (28) timed out'; exit 28", true, 3, "curl: (28) timed out"),
    ])
    func transientFailuresAreRetried(script: String, network: Bool, makings: Int, words: String) async throws {
        let fixture = try await Fixture(script, network: network)
        let text = await fixture.failure()?.description ?? ""
        #expect(text.contains(words), "\(text)")
        #expect(text.contains("the whole output is in"))
        #expect(fixture.makings == makings)
        _ = await fixture.failure()
        #expect(fixture.makings == makings, "no job tries it again")
    }

    @Test func aMirrorThatRecoversIsUsed() async throws {
        let fixture = try await Fixture(
            "[ $(grep -c made $CISO_CACHE/../../count) -ge 3 ] || exit 22; \(SmallRootPlugin.fill)", network: true)
        _ = try await fixture.environments.environment(of: fixture.target) { _ in }
        #expect(fixture.makings == 3)
    }

    @Test func aMissingProgramIsNamedBeforeAnythingIsMade() async throws {
        let tool = #"{"program":"no-such-strap","packages":{"debian":"nosuchstrap"}}"#
        let fixture = try await Fixture(tools: tool)
        let text = await fixture.failure()?.description ?? ""
        #expect(text.contains("needs the program 'no-such-strap'"), "\(text)")
        #expect(text.contains("install the package nosuchstrap (debian)"), "\(text)")
        #expect(fixture.makings == 0)
    }

    /// The reports of jobs: infrastructure, and not worth another attempt.
    @Test func noPackageIsBlamedForAnEnvironment() async throws {
        let fixture = try await Fixture("exit 7")
        let failure = try #require(await fixture.failure())
        let report = JobReport(endingWith: failure)
        #expect(report.outcome == .infrastructure)
        #expect(report.isPermanent)
        #expect(report.reason?.contains("exit status 7") == true)
        // This includes wrong answers of a plugin.
        let wrong = JobReport(endingWith: PermanentFailure(Failure(.input, "plugin: nonsense")))
        #expect(wrong.outcome == .infrastructure)
    }

    /// A job that is cancelled does not take the environment from the others.
    @Test func oneCancelledJobLeavesTheOthersTheirEnvironment() async throws {
        let fixture = try await Fixture(
            "[ -e $CISO_CACHE/go ] || { : > $CISO_CACHE/go; sleep 30; }; \(SmallRootPlugin.fill)")
        let cancelled = Task { try await fixture.environments.environment(of: fixture.target) { _ in } }
        while fixture.makings == 0 { try await Task.sleep(for: .milliseconds(5)) }
        let other = Task { try await fixture.environments.environment(of: fixture.target) { _ in } }
        while !FileManager.default.fileExists(atPath: "\(fixture.directory.path)/worker/cache/go") {
            try await Task.sleep(for: .milliseconds(5))
        }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        _ = try await other.value
    }
}
