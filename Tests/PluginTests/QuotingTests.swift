import Foundation
import PluginHost
import PluginMessages
import PluginTools
import TestSupport
import Testing

/// The program receives exactly the words of the opam file, under the real shells.
@Suite struct QuotingTests {
    /// Characters with a special meaning in some shell, and some without.
    private static let letters = Array(" \t\n'\"\\$`!*?[]{}()<>|&;#~=%^:-/abz09é\u{1F42B}")

    @Test(arguments: [
        ("debian", "debian-12", ShellFamily.posix), ("openbsd", "openbsd-7.7", .korn),
        ("archlinux", "archlinux", .bash),
    ])
    func wordsArriveUnchanged(plugin name: String, target: String, family: ShellFamily) async throws {
        guard let shell = ScriptShell.find(in: Machine.path.split(separator: ":").map(String.init))[family] else {
            withKnownIssue("no shell of the family \(family) is installed") { Issue.record("not tried") }
            return
        }
        var random = SeededGenerator()
        var words = ["", "-n", "--", "it's", "$HOME", "`id`", "$(id)", "a\\", "!!", "\n", "'", "''", "~", "*"]
        for _ in 0..<200 {
            let count = Int.random(in: 0..<12, using: &random)
            words.append(String((0..<count).map { _ in Self.letters.randomElement(using: &random) ?? " " }))
        }
        let plugin = try await ShippedPlugins.catalog.plugin(named: name)
        let (_, request) = try await ShippedPlugins.catalog.plugin(serving: target)
        let steps = try await plugin.steps(
            StepsRequest(
                target: request, package: "p", version: "1", build: [["printf", "%s\\1"] + words], install: [],
                sourceDirectory: "/tmp", prefix: "/tmp", environment: [:]))
        let step = try #require(steps.first)
        // The shells' own printf has a limit on nothing here; \1 parts the words because no word has it.
        let ending = try Machine.run([shell, "-eu", "-c", step.script])
        #expect(ending.status == 0, "seed \(random.seed): \(ending.output)")
        #expect(
            ending.output.split(separator: "\u{1}", omittingEmptySubsequences: false).dropLast().map(String.init)
                == words, "seed \(random.seed)")
    }

    /// Configuring is a phase of its own: a failure there reads as such.
    @Test func configureIsAPhase() async throws {
        let plugin = try await ShippedPlugins.catalog.plugin(named: "debian")
        let (_, request) = try await ShippedPlugins.catalog.plugin(serving: "debian-12")
        let steps = try await plugin.steps(
            StepsRequest(
                target: request, package: "p", version: "1",
                build: [
                    ["./configure", "--x"], ["make"], ["ocaml", "setup.ml", "-configure"], ["sh", "./configure"], [],
                ],
                test: [["make", "test"]], install: [["make", "install"]], remove: [["make", "uninstall"]],
                sourceDirectory: "/b/p.1", prefix: "/s", environment: ["A": "1"]))
        #expect(steps.map(\.name) == ["build-1", "build-2", "build-3", "build-4", "test", "install", "remove"])
        #expect(steps.map(\.phase) == [.configure, .build, .configure, .configure, .test, .install, .remove])
        #expect(
            steps.allSatisfy {
                $0.user == .build && !$0.network && $0.directory == "/b/p.1" && $0.environment == ["A": "1"]
            })
        #expect(steps.first { $0.phase == .test }?.cacheable == false)
    }
}
