import Archive
import Core
import Foundation
import Git
import Layers
import Model
import OpamFormat
import OpamSwitch
import RunnerInterface
import TestSupport
import Testing

@testable import Worker

/// One tiny package for each way in which a job can end.
@Suite(.enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct OutcomeTests {
    /// A package, and the expected outcome of its job.
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var opam: String
        var files: [String: String] = [:]
        /// Files whose names or contents are not UTF-8.
        var byteFiles: [FilePath: [UInt8]] = [:]
        var limits: Job.Limits?
        var systemPackages: [String] = []
        var outcome = Outcome.failure
        var phase: Phase?
        var signature: String?

        var testDescription: String { name }
    }

    private static func command(_ script: String) -> String { #"build: ["sh" "-c" "\#(script)"]"# }

    static let examples = [
        Example(name: "nothing", opam: "", outcome: .success),
        Example(
            name: "compile-error", opam: command("echo 'Error: Unbound module Foo'; exit 2"), phase: .build,
            signature: "Error: Unbound module Foo"),
        Example(
            name: "configure-error",
            opam: #"build: ["sh" "-c" "echo 'configure: error: no gmp.h in /usr/include/x'; exit 1" "./configure"]"#,
            phase: .configure),
        Example(
            name: "silent", opam: command("sleep 30"), limits: Job.Limits(silence: 1), phase: .build,
            signature: "no output for too long"),
        Example(
            name: "slow", opam: command("while :; do echo x; sleep 0.1; done"), limits: Job.Limits(time: 1),
            phase: .build, signature: "time limit exceeded"),
        Example(
            name: "talkative", opam: command("yes"), limits: Job.Limits(log: 100_000), phase: .build,
            signature: "output limit exceeded"),
        Example(
            name: "greedy", opam: command("head -c 30000000 /dev/zero >file; sleep 5"),
            limits: Job.Limits(disk: 10_000_000), phase: .build),
        Example(
            name: "lost-a-process", opam: command("tail /dev/zero || true"), limits: Job.Limits(memory: 64 << 20),
            phase: .build, signature: "out of memory"),
        Example(name: "kills-itself", opam: command("kill -9 $$"), phase: .build),
        Example(
            name: "pretender", opam: command("echo 'E: Failed to fetch http://m/pool/x.deb  404  Not Found'; exit 1"),
            phase: .depext),
        Example(
            name: "online", opam: command("curl -sS --max-time 5 http://192.0.2.1/ || exit 1"), phase: .build),
        Example(
            name: "bad-patch", opam: #"patches: ["p.diff"]"#,
            files: ["p.diff": "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n"], phase: .configure),
        Example(name: "no-template", opam: #"substs: ["config.ml"]"#, phase: .configure),
        Example(
            name: "not-built", opam: "", files: ["not-built.install": #"lib: ["gone.cma"]"#], phase: .install,
            signature: "Error: the .install file names 'gone.cma', which was not built"),
        Example(
            name: "escaping", opam: "", files: ["escaping.install": #"lib: ["x" {"../../../../../x"}]"#, "x": ""],
            phase: .configure),
        Example(
            name: "broken-install", opam: "", files: ["broken-install.install": #"lib: ["x""#], outcome: .success),
        Example(
            name: "no-such-variable", opam: #"substs: ["x"]"#, files: ["x.in": "%{b@d:lib}%"], phase: .configure),
        Example(
            name: "no-source",
            opam: """
                url {
                  src: "https://sources.invalid/a.tgz"
                  checksum: "md5=00000000000000000000000000000000"
                }
                """, phase: .fetch),
        Example(name: "mercurial", opam: #"url { src: "hg+https://sources.invalid/a" }"#, phase: .fetch),
        Example(name: "no-repository", opam: #"url { src: "git+file:///nowhere#main" }"#, phase: .fetch),
        Example(
            name: "no-network", opam: #"url { src: "git+http://127.0.0.1:1/a.git#main" }"#, outcome: .infrastructure),
        Example(
            name: "wrong-file", opam: #"extra-files: ["f" "md5=00000000000000000000000000000000"]"#, files: ["f": "x"],
            phase: .configure),
        Example(
            name: "no-system-package", opam: "", systemPackages: ["ciso-no-such-package"], phase: .depext,
            signature: "no system package ciso-no-such-package"),
    ]

    @Test(arguments: examples)
    func ends(example: Example) async throws {
        let (report, log) = try await example.run(in: QuickstartFixture())
        #expect(report.outcome == example.outcome, "\(report)\n\(log)")
        #expect(report.phase == example.phase, "\(report)\n\(log)")
        if let signature = example.signature { #expect(report.signature == signature) }
        #expect((report.layer != nil) == (example.outcome == .success))
    }

    /// A name that is not UTF-8 on its way from the request to the build temporary, by the `.install` file to the
    /// switch, to opam's record and into the layer.
    @Test func namesInAnyEncodingAreInstalled() async throws {
        let fixture = try await QuickstartFixture()
        let name: [UInt8] = [0x63, 0xE9]
        let install = Array("lib: [\"".utf8) + name + Array("\" {\"d/".utf8) + name + Array("\"}]\nnonsense: 1\n".utf8)
        let example = Example(
            name: "odd", opam: #"build: ["sh" "-c" "test -f \"$(printf 'c\\351')\""]"#,
            byteFiles: [FilePath(bytes: name): [1], "odd.install": install, FilePath(bytes: [0xFF, 0x2F] + name): [2]])
        let (report, log) = try await example.run(in: fixture)
        #expect(report.outcome == .success, "\(report)\n\(log)")
        #expect(log.contains("there is no field 'nonsense'; the field is ignored, as by opam"), "\(log)")
        let layer = FilePath(try await fixture.layers.unpacked(try #require(report.layer)))
        let prefix = layer.appending(FilePath(SwitchLayout(root: "home/opam/.opam").prefix))
        #expect(entryNames(of: prefix.appending("lib/odd/d")) == [FilePath(bytes: name)])
        let records = prefix.appending(".opam-switch")
        let files = try #require(entryNames(of: records.appending("packages/odd.1/files")))
        #expect(Set(files) == [FilePath(bytes: name), "odd.install", FilePath(bytes: [0xFF])])
        let changes = try #require(bytes(of: records.appending("install/odd.changes")))
        let path = Array("lib/odd/d/".utf8) + name
        #expect(changes.indices.contains { changes[$0...].starts(with: path) })
    }

    /// A commit, with a branch that moves; whether a branch that no plan has resolved is built.
    @Test func aRepositoryOfGitIsBuiltAtItsCommit() async throws {
        let temporary = try TemporaryDirectory()
        let directory = temporary.path
        let git = try GitRepository(initializingBare: directory)
        func commit(_ name: String) throws -> ObjectID {
            let parent = try git.reference("refs/heads/main")
            let file = TreeEntry(name: name, kind: .executable, id: try git.write(.blob, Array("#!/bin/sh\n".utf8)))
            let author = Signature(name: "Ada", email: "ada@example.org", time: 1_234_567_890)
            let commit = try git.write(
                Commit(
                    tree: git.write(Tree([file])), parents: parent.map { [$0] } ?? [], author: author, message: "m\n"))
            try git.updateReference("refs/heads/main", to: commit, expecting: parent)
            return commit
        }
        let first = try commit("first")
        _ = try commit("second")
        func report(_ revision: String) async throws -> JobReport {
            try await Example(
                name: "from-git",
                opam: """
                    url { src: "git+file://\(directory)#\(revision)" }
                    build: ["sh" "-c" "./first && test ! -e second && test ! -e .git"]
                    """
            ).run(in: QuickstartFixture()).report
        }
        #expect(try await report("\(first)").outcome == .success)
        let moving = try await report("main")
        #expect(moving.outcome == .infrastructure)
        #expect(moving.reason?.contains("plan again") == true)
        #expect(try await report("gone").phase == .fetch)
    }

    /// Something on the machine kills a process of the build once: the job runs again, and that counts.
    @Test func aSingleKillFromOutsideIsNoVerdict() async throws {
        let fixture = try await QuickstartFixture()
        let killer = Task {
            while !Task.isCancelled {
                let found = ProcessTable.identifiers.first { ProcessTable.words(of: $0) == ["sleep", "31188"] }
                if let found { return kill(found, SIGKILL) }
                try await Task.sleep(for: .milliseconds(10))
            }
            return -1
        }
        defer { killer.cancel() }
        let command = #"build: ["sh" "-c" "exec sleep 31188"]"#
        let once = Example(name: "killed-once", opam: command, limits: Job.Limits(silence: 3))
        let (report, log) = try await once.run(in: fixture)
        #expect(report.signature == "no output for too long", "what the second run gives: \(report)\n\(log)")
        #expect(log.contains("killed by signal 9"), "\(log)")
        #expect(try await killer.value == 0)
    }

    @Test func cancellingKillsTheBuild() async throws {
        let fixture = try await QuickstartFixture()
        let files = PackageFiles(opam: Array("build: [\"sleep\" \"3600\"]\n".utf8))
        let job = Job(
            kind: .build, package: PackageVersion(name: "cancelled", version: "1"), opam: files.digest, inputs: [],
            compiler: "system", environment: fixture.target.environment, plugin: fixture.target.plugin)
        let request = JobRequest(
            id: try CanonicalJSON.digest(of: job), job: job, files: files, inputs: [], target: fixture.target)
        let (steps, began) = AsyncStream.makeStream(of: JobStep.self)
        let task = Task { await fixture.runner.run(request) { began.yield($0) } }
        for await step in steps where step.name == "build" { break }
        task.cancel()
        let report = await task.value
        // It did not wait for the end of the command, which would take an hour.
        #expect(report.outcome == .cancelled)
    }
}

extension OutcomeTests.Example {
    /// Runs the package's job by itself.
    func run(in fixture: QuickstartFixture) async throws -> (report: JobReport, log: String) {
        let bytes = Dictionary(uniqueKeysWithValues: self.files.map { (FilePath($0), Array($1.utf8)) })
            .merging(byteFiles) { $1 }
        var text = Array("opam-version: \"2.0\"\n\(opam)\n".utf8)
        if !opam.contains("extra-files") {
            // Opam 2.3 uses only those that the opam file names.
            let listed = bytes.map { path, bytes in
                Array("[\"".utf8) + path.bytes + Array("\" \"md5=\(Checksum.Kind.md5.digest(of: bytes))\"]\n".utf8)
            }
            text += Array("extra-files: [".utf8) + listed.joined() + Array("]\n".utf8)
        }
        let files = PackageFiles(opam: text, files: bytes)
        let job = Job(
            kind: .build, package: PackageVersion(name: name, version: "1"), opam: files.digest, inputs: [],
            compiler: "system", environment: fixture.target.environment, plugin: fixture.target.plugin,
            systemPackages: systemPackages, limits: limits,
            engine: fixture.target.engine)
        let request = JobRequest(
            id: try CanonicalJSON.digest(of: job), job: job, files: files, inputs: [], target: fixture.target)
        let report = await fixture.runner.run(request) { _ in }
        return (report, fixture.logs[report.log])
    }
}
