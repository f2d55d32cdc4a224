import Foundation
import TestSupport
import Testing

/// The trace for maintainers.
@Suite struct TraceTests {
    @Test func thereIsNoTraceByDefault() async throws {
        let fixture = try await RecordedStore.shared()
        let ending = try fixture.run("status")
        #expect(ending.status == 0 && ending.messages.isEmpty, "\(ending)")
        for words in [["--help"], ["help", "store", "gc"], ["--version"], ["store", "gc", "--help"]] {
            let help = try fixture.run(words)
            #expect(help.status == 0 && help.messages.isEmpty, "\(words): \(help.messages)")
        }
    }

    /// A line for each decision that costs time, by flag, variable and key; the flag wins.
    @Test func decisionsOfAPlanAreTraced() throws {
        let fixture = try RecordedPlan()
        let full = try fixture.run("--log-level", "debug")
        for words in [
            "ciso.repository: opened", "ciso.plugin: plugin call", "ciso.plan: planning in full: no previous plan",
            "ciso.store: transaction", "ciso.plan: wrote the plan", "info ciso.ci: ended",
        ] {
            #expect(full.messages.contains(words), "\(words): \(full.messages)")
        }
        let again = try fixture.run(environment: ["CISO_LOG_LEVEL": "debug"])
        #expect(again.messages.contains("ciso.plan: the plan in the store is up to date"), "\(again.messages)")
        let quiet = try fixture.run("--log-level", "critical", environment: ["CISO_LOG_LEVEL": "debug"])
        #expect(quiet.status == 0 && quiet.messages.isEmpty, "\(quiet.messages)")
    }

    @Test func aLevelThatDoesNotExistIsAnInputErrorWithTheLevels() async throws {
        let fixture = try await RecordedStore.shared()
        let levels = "expected one of trace, debug, info, notice, warning, error, critical"
        let flag = try fixture.run("status", "--log-level", "debag")
        #expect(flag.status == 2 && flag.messages.contains(levels) && flag.messages.contains("'debug'"), "\(flag)")
        let variable = try fixture.run("status", environment: ["CISO_LOG_LEVEL": "all"])
        #expect(variable.status == 2 && variable.messages.contains("CISO_LOG_LEVEL='all': \(levels)"), "\(variable)")
    }

    /// Contents of a trace may come from outside: an escape sequence in a path stays visible text on one line.
    @Test func theTraceIsDisplayable() throws {
        let fixture = try RecordedPlan(repository: "re\u{1B}[31m\u{202E}po")
        let ending = try fixture.run("--log-level", "trace")
        #expect(ending.messages.contains("ciso.repository: opened"), "\(ending.messages)")
        #expect(!ending.messages.contains("\u{1B}") && !ending.messages.contains("\u{202E}"), "\(ending.messages)")
    }
}

/// A directory with a small matrix that is planned by `ci`.
private struct RecordedPlan {
    private let directory: TemporaryDirectory

    init(repository: String = "repo") throws {
        directory = try TemporaryDirectory()
        for (package, fields) in ["ocaml.4.13.1": "", "ocaml-system.4.13.1": "flags: compiler", "good.1": ""] {
            let name = package.prefix { $0 != "." }
            try directory.write(
                "opam-version: \"2.0\"\n\(fields)\n", to: "\(repository)/packages/\(name)/\(package)/opam")
        }
        let path = String(decoding: try JSONEncoder().encode(repository), as: UTF8.self)
        try directory.write(
            """
            deployment: small
            repositories: [{path: \(path)}]
            targets: [debian-12]
            compilers: [{system: "4.13.1"}]
            packages: [good]
            """, to: "matrix.yaml")
    }

    func run(_ words: String..., environment more: [String: String] = [:]) throws -> Program.Ending {
        try Program(
            [BuiltProgram.path(of: "ci"), "plan", "matrix.yaml"] + words, in: directory.path,
            environment: [
                "CISO_CACHE": directory("cache"), "CISO_STORE": directory("store"), "PATH": "/usr/bin:/bin",
                "HOME": directory.path,
            ].merging(more) { $1 }
        ).run()
    }
}
