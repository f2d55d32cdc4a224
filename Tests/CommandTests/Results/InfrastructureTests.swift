import Core
import Foundation
import Model
import TestSupport
import Testing

/// Faults of the machine, of the disk and of the store are exit 3 and name their path; none is a bug or a signal.
@Suite struct InfrastructureTests {
    @Test func infrastructureFailuresAreNoVerdicts() async throws {
        let fixture = try await RecordedStore(["good": .success, "bad": .failure, "waiting": .infrastructure])
        #expect(try fixture.run("results").status == 3)
        #expect(try fixture.run("results", "bad").status == 1)
        #expect(try fixture.run("results", "good").status == 0)
        #expect(try fixture.run("results", "waiting", "good").status == 3)
    }

    /// Nothing is known about a package that was not built because its dependency met a fault of the machine.
    @Test func whatInfrastructureBlocksHasNoVerdict() async throws {
        let fixture = try await RecordedStore(["good": .success, "bad": .infrastructure, "top": .blocked])
        #expect(try fixture.run("results", "top").status == 3)
        #expect(try fixture.run("results", "good", "top").status == 3)
        let gate = try fixture.run("gate", "good", "top")
        #expect(gate.status == 3 && gate.output.contains("an infrastructure failure blocks it"), "\(gate)")
        #expect(try fixture.run("gate", "good").status == 0)
        let status = try fixture.run("status")
        #expect(status.output.contains("1 blocked (1 by infrastructure failures)"), "\(status)")
        #expect(try fixture.run("results", "--all", "top").output.contains("blocked by bad (infrastructure)"))
        #expect(
            try fixture.run("explain", "top").output.hasPrefix("debian-12/4.13.1/top.1: blocked (infrastructure)\n"))
        let summary = try fixture.run("results", "good", "top").output
        #expect(summary.contains("ok  infra\n") && !summary.contains("blocked\n"), "\(summary)")
        #expect(try fixture.run("report", "--output", "site").status == 0)
        let junit = try #require(fixture.directory.read("site/junit.xml"))
        #expect(junit.contains(#"failures="0" errors="2""#), "\(junit)")
        let page = try #require(fixture.directory.read("site/index.html"))
        #expect(!page.contains(">blocked<"), "\(page)")
    }

    /// A run in which a dependency met a fault of the machine broke nothing.
    @Test func whatInfrastructureBlocksIsNotBroken() async throws {
        let fixture = try RunHistory(
            ["lib.1": #"depends: "ocaml""#, "app.1": #"depends: "lib""#, "new.1": #"depends: "lib""#],
            asked: "lib, app, new")
        try await fixture.run(["lib": .success, "app": .success])
        try await fixture.run(["lib": .infrastructure, "app": .blocked, "new": .blocked]) { result in
            if result.outcome == .blocked { result.blockedBy = PackageVersion(name: "lib", version: "1") }
        }
        for sides in [("1", "2"), ("1", "now"), ("2", "1")] {
            let difference = try fixture.ci("diff", sides.0, sides.1)
            #expect(difference.status == 0 && difference.output.contains("2 unknown"), "\(sides): \(difference)")
            for word in ["broken", "fixed", "new, and not good"] {
                #expect(!difference.output.contains(word), "\(sides)")
            }
        }
        let gate = try fixture.ci("gate", "--base", "1")
        #expect(gate.status == 3 && gate.output.hasPrefix("undecided: 3 undecided, 0 of 3"), "\(gate)")
        let shown = try fixture.ci("show", "last")
        #expect(shown.output.contains("2 unknown") && !shown.output.contains("broken:"), "\(shown)")
    }

    @Test(arguments: ["file", "file/below", "/proc/self/cmdline", "/dev/null"])
    func anUnusableCacheIsNamed(path: String) async throws {
        let fixture = try await RecordedStore([:])
        try fixture.directory.write("", to: "file")
        let solve = ["solve", "--repository", "repo", "--target", "debian-12", "--compiler", "system:4.13.1", "good"]
        for command in [["plan", "matrix.yaml"], ["run", "matrix.yaml", "--only", "lost"], solve] {
            let ending = try fixture.run(command, environment: ["CISO_CACHE": path])
            #expect(ending.status == 3, "\(command): \(ending)")
            #expect(ending.messages.contains("the cache '\(path)' cannot be used"), "\(command): \(ending.messages)")
        }
    }

    @Test(arguments: ["nowhere", "file"])
    func anUnusableTemporaryDirectoryIsNamed(path: String) async throws {
        let fixture = try await RecordedStore([:])
        try fixture.directory.write("", to: "file")
        for command in [
            ["plan", "matrix.yaml"], ["run", "matrix.yaml", "--only", "lost"], ["run"], ["reproduce", "good"],
            ["plugin", "check", "libCisoNone.so"],
        ] {
            let ending = try fixture.run(command, environment: ["TMPDIR": fixture.directory(path)])
            #expect(
                ending.status == 3 && ending.messages.contains("'\(fixture.directory(path))"), "\(command): \(ending)")
        }
    }

    private static let readers = [
        ["results"], ["status"], ["explain", "bad"], ["log", "bad"], ["diff", "debian-12", "debian-12"],
        ["report", "--output", "site"], ["retry", "bad"], ["cancel", "waiting"], ["store", "log", "small"],
        ["store", "show", "small", "plan.json"], ["run", "--only", "lost"],
    ]

    @Test func aLostPackIsDamage() async throws {
        let fixture = try await RecordedStore()
        let packs = URL(filePath: fixture.path).appending(path: "objects/pack")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) {
            try FileManager.default.removeItem(at: packs.appending(path: name))
        }
        for command in Self.readers {
            let ending = try fixture.run(command)
            #expect(ending.status == 3 && ending.messages.contains("ci store verify"), "\(command): \(ending)")
        }
    }

    @Test func aDamagedPackIsDamage() async throws {
        let fixture = try await RecordedStore()
        let packs = URL(filePath: fixture.path).appending(path: "objects/pack")
        for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".pack") {
            let path = packs.appending(path: name).path
            chmod(path, 0o644)
            var bytes = try Data(contentsOf: URL(filePath: path))
            for index in bytes.indices.dropFirst(12) { bytes[index] ^= 0x55 }
            try bytes.write(to: URL(filePath: path))
        }
        for command in Self.readers {
            let ending = try fixture.run(command)
            #expect(ending.status == 3 && ending.messages.contains("ci store verify"), "\(command): \(ending)")
        }
    }

    @Test func aStoreThatIsSomethingElseIsAMistake() async throws {
        let fixture = try await RecordedStore([:])
        try fixture.directory.write("", to: "file")
        try fixture.directory.write("", to: "directory/file")
        for store in ["file", "file/below", "directory", "nowhere", "/dev/null"] {
            for command in Self.readers {
                let ending = try fixture.run(command, environment: ["CISO_STORE": store])
                #expect(ending.status == 2 && ending.messages.contains("'\(store)'"), "\(command) \(store): \(ending)")
            }
        }
    }

    @Test func anInvalidDocumentIsDamage() async throws {
        let fixture = try await RecordedStore()
        for (branch, path) in [
            ("small", "cells"), ("small", "jobs"), ("small", "tasks"), ("results/small/debian-12", "index"),
        ] {
            try fixture.directory.shell(
                """
                export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a
                export GIT_COMMITTER_EMAIL=a@example.org GIT_INDEX_FILE=$PWD/index
                rm -f index; cd "$1"; git read-tree "$2"
                blob=$(echo '{"x": 1}' | git hash-object -w --stdin)
                git ls-files -- "$3" | while read -r file; do git update-index --cacheinfo "100644,$blob,$file"; done
                git update-ref "refs/heads/$2" "$(git commit-tree -p "$2" -m damage "$(git write-tree)")"
                """, fixture.path, branch, path)
            for command in Self.readers where command[0] != "store" && command[0] != "run" {
                let ending = try fixture.run(command)
                #expect([0, 1, 2, 3].contains(ending.status), "\(branch) \(path) \(command): \(ending)")
            }
        }
        #expect(try fixture.run("results").status == 3)
    }

    @Test(arguments: [
        (["plan", "."], "is a directory"), (["plan", "absent.yaml"], "does not exist"),
        (["plan", ""], "does not exist"), (["plan", "loop"], "'loop' cannot be opened: Too many levels"),
        (["plan", "\u{FFFD}.yaml"], "rename the file"),
        (["plan", "/dev/null"], "the file is empty"), (["plan", "binary"], "binary:1:1: error"),
        (["results", "--deployment", "\u{1}"], "'^A'"), (["results", "--deployment", ""], "''"),
        (["store", "log", ""], "no branch ''"), (["store", "show", "", "x"], "revision ''"), (["diff", "", ""], "''"),
        (["store", "log", "small", "absent"], "no commit of 'small' changed 'absent'"),
        (["report", "--output", "", "nothing"], "'nothing'"), (["plan", "matrix.yaml", "--since", "?"], "'?'"),
    ])
    func oddArgumentsAreMistakes(words: [String], message: String) async throws {
        let fixture = try await RecordedStore([:])
        try Data([0xFF, 0x00, 0x9B, 0x0A]).write(to: fixture.directory.url.appending(path: "binary"))
        try FileManager.default.createSymbolicLink(atPath: fixture.directory("loop"), withDestinationPath: "loop")
        let ending = try fixture.run(words)
        #expect(ending.status == 2 && ending.messages.contains(message), "\(words): \(ending)")
    }

    /// With hardly any open files allowed, a command says that something is not possible here; it neither waits nor
    /// tries for ever.
    @Test(arguments: [8, 12, 20]) func aCommandWithoutFreeDescriptorsEnds(limit: Int) throws {
        let directory = try TemporaryDirectory()
        let temporary = directory("temporary")
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
        let ci = try BuiltProgram.path(of: "ci")
        let ending = try Program(
            ["sh", "-c", "ulimit -n \(limit); exec '\(ci)' doctor --store store"], in: directory.path,
            environment: ["PATH": "/usr/bin:/bin", "TMPDIR": temporary, "CISO_CACHE": directory("cache")]
        ).run()
        #expect([0, 3].contains(ending.status), "\(ending)")
        // What cannot be removed without a descriptor is left for the next process.
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).count < 10)
    }

    @Test func withoutAnEnvironmentNothingIsABug() async throws {
        let fixture = try await RecordedStore()
        for command in [["results"], ["plan", "matrix.yaml", "--dry-run"], ["run", "--only", "lost"], ["--help"]] {
            let words = try [BuiltProgram.path(of: "ci")] + command
            for environment in [
                [:], ["LC_ALL": "nonsense", "LANG": "xx_YY.koi8"], ["HOME": "/nowhere"], ["TERM": ""],
            ] {
                let ending = try Program(
                    words, in: fixture.directory.path,
                    environment: environment.merging(["CISO_STORE": fixture.path]) { $1 }
                ).run()
                #expect([0, 1, 2, 3].contains(ending.status), "\(command) \(environment): \(ending)")
            }
        }
        let long = String(repeating: "x", count: 100_000)
        for command in [["results", long], ["plan", long], ["log", "signature:\(long)"], [long], ["--\(long)"]] {
            #expect([2, 64].contains(try fixture.run(command).status), "\(command[0])")
        }
    }
}
