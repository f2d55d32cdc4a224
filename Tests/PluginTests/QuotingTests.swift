import Foundation
import PluginHost
import PluginMessages
import Testing

/// Whatever words an opam file has, the program gets exactly these, under the real shells.
@Suite struct QuotingTests {
    /// Letters that some shell treats as something else, and some that none does.
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
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        var words = ["", "-n", "--", "it's", "$HOME", "`id`", "$(id)", "a\\", "!!", "\n", "'", "''", "~", "*"]
        for _ in 0..<200 {
            words.append(
                String((0..<random.next(below: 12)).map { _ in Self.letters[random.next(below: Self.letters.count)] }))
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
        #expect(ending.status == 0, "seed \(seed): \(ending.output)")
        #expect(
            ending.output.split(separator: "\u{1}", omittingEmptySubsequences: false).dropLast().map(String.init)
                == words, "seed \(seed)")
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

/// Steele, Lea and Flood's SplitMix64: the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
