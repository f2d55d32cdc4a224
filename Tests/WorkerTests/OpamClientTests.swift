import Core
import Foundation
import Model
import OpamSwitch
import PluginMessages
import RunnerInterface
import TestSupport
import Testing

@testable import Worker

/// The opam client's messages about failures, as printed by its versions 2.0.8, 2.1.2 and 2.3.0.
@Suite struct OpamClientReportTests {
    @Test(
        arguments: [
            (
                """
                [ERROR] The compilation of foo failed at "/bin/sh -c echo testing; exit 3".

                #=== ERROR while compiling foo.1 ==============================================#
                # context              2.0.8 | linux/x86_64 |  | file:///home/opam/.opam/repo/default
                # command              /bin/sh -c echo testing; exit 3
                # exit-code            3
                # output-file          ~/.opam/log/foo-35-9b8556.out
                ### output ###
                # testing
                # Error: Unbound module Foo



                <><> Error report <><><><><><><><><><><><><><><><><><><><><><><><><><><><><><><>
                +- The following actions failed
                | - build foo 1
                +-
                """, Phase.build, "testing\nError: Unbound module Foo"
            ),
            (
                """
                #=== ERROR while installing foo.1 =============================================#
                # command              /usr/bin/cp no /home/opam/.opam/default/bin/x
                ### output ###
                # /usr/bin/cp: cannot stat 'no': No such file or directory

                """, .install, "/usr/bin/cp: cannot stat 'no': No such file or directory"
            ),
            (
                """
                [foo: patch] applying p.diff
                These patches didn't apply at /home/opam/.opam/default/.opam-switch/build/foo.1:
                  - p.diff: "/usr/bin/patch -p1 -i /home/opam/.opam/log/processed-patch-34-f8c91a" exited with code 1
                """, .configure, "Error: These patches didn't apply: p.diff"
            ),
            (
                """
                String expansion failed for these files:
                  - foo.in: OpamSystem.File_not_found("/home/opam/.opam/default/.opam-switch/build/foo.1/foo.in")
                """, .configure, "Error: String expansion failed: foo.in"
            ),
            (
                """
                Bad hash for   - /home/opam/.opam/repo/default/packages/foo/foo.1/files/p.diff
                """, .configure, "Error: Bad hash: p.diff"
            ),
            (
                """
                [ERROR] The sources of the following couldn't be obtained, aborting:
                          - foo.1:
                """, .fetch, nil
            ),
        ] as [(String, Phase, String?)])
    func tells(log: String, phase: Phase, output: String?) {
        let report = OpamClientReport(log)
        #expect(report.phase == phase)
        #expect(report.output == output)
    }
}

/// The same packages by the opam client as by the runner itself.
@Suite(
    .serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"),
    .enabled(if: QuickstartFixture.hasSources, "needs the sources of Matrices/quickstart/sources.tsv"),
    .enabled(if: LongForm.isWanted, "makes environments of its own: CISO_TEST_FULL=1"))
struct OpamEngineTests {
    @Test func installsWhatTheRunnerInstalls() async throws {
        let names = ["bos", "re", "xml-light", "zarith"]
        let own = try await BuiltSwitch(names, in: QuickstartFixture())
        let client = try await BuiltSwitch(names, in: QuickstartFixture(engine: .opam))
        #expect(own.failures == [])
        #expect(client.failures == [])
        let target = try await TargetEnvironments(
            client.fixture.directories.environmentStore, catalog: client.fixture.catalog, variables: .ofTests
        ).environment(of: client.fixture.target) { _ in }
        let trees = try [own, client].map { built in
            try InstalledTree(target.layout.prefix, in: built.layers) { _ in false }
        }
        #expect(trees[0].entries.count > 100)
        #expect(trees[0].differences(from: trees[1]) == [])
    }

    @Test(arguments: ["debian-11", "debian-12", "debian-13"])
    func failuresReadAsThoseOfTheRunner(target: String) async throws {
        let names: Set = [
            "nothing", "compile-error", "configure-error", "silent", "bad-patch", "no-template", "wrong-file",
            "no-source", "not-built",
        ]
        let fixture = try await QuickstartFixture(target: target, engine: .opam)
        for example in OutcomeTests.examples where names.contains(example.name) {
            let (report, log) = try await example.run(in: fixture)
            #expect(report.outcome == example.outcome, "\(example.name): \(report)\n\(log)")
            #expect(report.phase == example.phase, "\(example.name): \(report)\n\(log)")
        }
    }

    /// Whole, or a directory of it; a later commit changes nothing.
    @Test(arguments: ["debian-11", "debian-12", "debian-13"])
    func aRepositoryOfGitIsBuiltAtItsCommit(target: String) async throws {
        let origin = try TemporaryDirectory()
        try origin.shell(
            """
            save() { git add -A; git -c user.name=a -c user.email=a@example.org commit -q -m change; }
            git init -q -b main .; mkdir -p lib/only; echo one > lib/only/file; save; echo two > lib/only/file; save
            """)
        let url = "git+file://\(origin.path)#" + (try git("rev-parse", "HEAD~1", at: origin.path))
        let fixture = try await QuickstartFixture(target: target, engine: .opam)
        for (subpath, file) in [("", "lib/only/file"), ("subpath: \"lib\"", "only/file")] {
            let (report, log) = try await OutcomeTests.Example(
                name: "from-git",
                opam: """
                    url { src: "\(url)" \(subpath) }
                    build: ["sh" "-c" "grep one \(file) && test ! -e .git"]
                    """
            ).run(in: fixture)
            #expect(report.outcome == .success, "\(report)\n\(log)")
        }
    }

    @Test func aClientThatDoesNotWorkIsInfrastructure() async throws {
        let fixture = try await QuickstartFixture(engine: .opam)
        var target = try await TargetEnvironments(
            fixture.directories.environmentStore, catalog: fixture.catalog, variables: .ofTests
        ).environment(of: fixture.target) { _ in }
        target.description.opamClient = "1.2.2"
        let directories = WorkerDirectories("\(fixture.directories.root)/other-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: directories.root) }
        for directory in [directories.scratch, directories.clients] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        let failure = await #expect(throws: Failure.self) {
            try await OpamClients(directories).check(OpamClient(target), environment: fixture.target.environment)
        }
        #expect(failure?.category == .unavailable)
        #expect(failure?.description.contains("it is opam 2.1.2, not 1.2.2") == true, "\(failure?.description ?? "")")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directories.clients) == [])
    }
}
