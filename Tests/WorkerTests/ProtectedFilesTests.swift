import Core
import Foundation
import Model
import RunnerInterface
import TestSupport
import Testing

@testable import Worker

/// Files that a package must not change: those protected by opam's own sandbox, and those of other packages.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct ProtectedFilesTests {
    /// A package built upon `owner.1`, and its expected outcome.
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var build = "true"
        var install = "true"
        var phase: Phase?
        /// A part of the reason.
        var reason = ""

        var testDescription: String { name }
    }

    static let examples = [
        Example(
            name: "writes", install: "echo two >$L/owner/META", phase: .install,
            reason: "lib/owner/META of owner.1 (changed)"),
        Example(
            name: "truncates", install: ": >$L/owner/META", phase: .install,
            reason: "lib/owner/META of owner.1 (changed)"),
        Example(
            name: "removes", install: "rm -r $L/owner", phase: .install, reason: "lib/owner/META of owner.1 (removed)"),
        Example(
            name: "empties", install: "rm -r $L/owner; mkdir $L/owner", phase: .install,
            reason: "lib/owner/keep of owner.1 (removed)"),
        Example(
            name: "renames", install: "mv $L/owner/keep $L/owner/kept", phase: .install,
            reason: "lib/owner/keep of owner.1 (removed)"),
        Example(
            name: "makes-executable", install: "chmod 755 $L/owner/META", phase: .install,
            reason: "(permissions changed)"),
        Example(
            name: "links", install: "ln -sf keep $L/owner/META", phase: .install,
            reason: "lib/owner/META of owner.1 (replaced)"),
        Example(name: "equal", install: "echo one >META; cp META $L/owner/META; touch $L/owner"),
        Example(name: "adds", install: "echo two >$L/owner/more; mkdir $L/adds"),
        Example(
            name: "records", install: "echo >$P/.opam-switch/install/owner.changes", phase: .install,
            reason: "Read-only file system"),
        Example(
            name: "invents", install: "echo >$P/.opam-switch/config/other.config", phase: .install,
            reason: "Read-only file system"),
        Example(name: "installs-early", build: "mkdir $L/early", phase: .build, reason: "Read-only file system"),
        Example(name: "uses-home", build: "echo >~/file", phase: .build, reason: "Read-only file system"),
        Example(name: "uses-home-late", install: "echo >~/file", phase: .install, reason: "Read-only file system"),
        Example(name: "uses-etc", build: "echo >/etc/file", phase: .build, reason: "file"),
        Example(
            name: "behaves", build: "echo >file; echo >/tmp/file; mkdir -p ~/.cache/dune/db",
            install: "cp file /tmp/file2; cp file $P/share/behaves"),
    ]

    private static func fixture(_ examples: [Example], in directory: TemporaryDirectory) async throws
        -> QuickstartFixture
    {
        func write(_ name: String, _ text: String) throws {
            try directory.write("opam-version: \"2.0\"\n\(text)\n", to: "packages/\(name)/\(name).1/opam")
        }
        func command(_ script: String) -> String {
            let expanded = script.replacing("$L", with: "%{lib}%").replacing("$P", with: "%{prefix}%")
            return "[\"sh\" \"-ec\" \"\(expanded)\"]"
        }
        try write("owner", "install: \(command("mkdir $L/owner; echo one >$L/owner/META; echo >$L/owner/keep"))")
        for example in examples {
            try write(
                example.name,
                "depends: \"owner\"\nbuild: \(command(example.build))\ninstall: \(command(example.install))")
        }
        return try await QuickstartFixture(repository: directory.url)
    }

    @Test func filesOfOthersAreProtected() async throws {
        let directory = try TemporaryDirectory()
        let fixture = try await Self.fixture(Self.examples, in: directory)
        let endings = try await fixture.build(Self.examples.map(\.name))
        for example in Self.examples {
            let report = try #require(endings[example.name]).report
            let log = fixture.logs[report.log]
            #expect(
                report.outcome == (example.phase == nil ? .success : .failure), "\(example.name): \(report)\n\(log)")
            #expect(report.phase == example.phase, "\(example.name): \(report)")
            #expect(report.reason?.contains(example.reason) ?? example.reason.isEmpty, "\(example.name): \(report)")
            #expect(report.overwrites == [])
        }
    }

    @Test func permittedOverwritesAreRecorded() async throws {
        let directory = try TemporaryDirectory()
        let fixture = try await Self.fixture(Self.examples, in: directory)
        var endings = try await fixture.build(["owner"])
        for (patterns, outcome) in [(["lib/owner/M*"], Outcome.success), (["lib/*.cma"], .failure)] {
            var request = try #require(try await fixture.request("writes", endings: endings, among: nil))
            request.job.allowedOverwrites = patterns
            request.id = try CanonicalJSON.digest(of: request.job)
            #expect(Digest(of: request.job.document) == request.id)
            let report = await fixture.runner.run(request) { _ in }
            #expect(report.outcome == outcome, "\(report)")
            let expected = [CellResult.Overwrite(path: "lib/owner/META", owner: "owner.1")]
            #expect(report.overwrites == (outcome == .success ? expected : []))
            endings["writes"] = .init(request: request, report: report)
        }
    }
}
