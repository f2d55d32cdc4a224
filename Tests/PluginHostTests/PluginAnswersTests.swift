import Core
import PluginHost
import PluginMessages
import TestSupport
import Testing

/// The digest of a plugin's answers, which is its part of a job's id.
@Suite struct PluginAnswersTests {
    /// The digests of the example's file and of its answers, with some of its text replaced.
    private func digests(changing changes: [(String, String)] = []) async throws -> (file: Digest, answers: Digest) {
        let directory = try TemporaryDirectory()
        let file = try ExamplePlugin.build(in: directory.path, changing: changes)
        let catalog = PluginCatalog(
            PluginSearchPath(entries: [file]),
            host: PluginHostProgram(path: try BuiltProgram.path(of: "ciso-plugin-host")),
            limits: PluginLimits())
        let (plugin, request) = try await catalog.plugin(serving: "minimal-1")
        return (plugin.identity.digest, try await plugin.answersDigest(for: request))
    }

    @Test func aPluginThatIsBuiltAgainIsTheSame() async throws {
        let first = try await digests()
        let second = try await digests(changing: [
            ("static void release(", "const char otherBuild[] = \"another build\";\nstatic void release(")
        ])
        #expect(first.file != second.file, "the files differ")
        #expect(first.answers == second.answers)
    }

    @Test(arguments: [
        ("exit 1", "exit 2"), ("pkg install", "pkg add"),
        (#"\"os-version\":\"1\""#, #"\"os-version\":\"1.1\""#),
    ])
    func aChangedScriptIsAnotherPluginWithoutANewVersion(old: String, new: String) async throws {
        let first = try await digests()
        let second = try await digests(changing: [(old, new)])
        #expect(first.answers != second.answers, "\(old) became \(new)")
    }

    @Test func howLogsAreReadIsNoPartOfIt() async throws {
        let pattern =
            #"{\"patterns\":[{\"name\":\"x\",\"kind\":\"unknown\",\"expression\":\"x\","#
            + #"\"examples\":[{\"line\":\"x\",\"signature\":\"x\"}]}]}"#
        let first = try await digests()
        let second = try await digests(changing: [(#"{\"patterns\":[]}"#, pattern)])
        #expect(first.file != second.file)
        #expect(first.answers == second.answers)
    }
}
