import Foundation
import Glibc
import TestSupport
import Testing

/// Git repositories that belong to another user are rejected, whatever the way to reach them.
@Suite(.enabled(if: geteuid() == 0, "needs root, to give files to another user"))
struct OwnerTests {
    private let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: [
            "ocaml-base-compiler.5.3.0": "flags: compiler", "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#,
            "p.1": #"depends: "ocaml""#,
        ])
        try fixture.write("source/q.opam", "opam-version: \"2.0\"\ndepends: \"ocaml\"\n")
        for directory in ["repo", "source"] {
            try git("init", "-q", "-b", "main", at: fixture.directory(directory))
            try git("add", "-A", at: fixture.directory(directory))
            try git("commit", "-q", "-m", "all", at: fixture.directory(directory))
            try fixture.directory.shell(
                "cp -r \(directory) \(directory)-of-another; chown -R 65534 \(directory)-of-another")
        }
    }

    private func plan(_ repository: String, pin: String? = nil, _ options: [String] = []) throws -> Program.Ending {
        try fixture.write(
            "m.yaml",
            """
            deployment: d
            repositories: [{\(repository)}]
            targets: [debian-12]
            compilers: [5.3.0]
            packages: [p\(pin == nil ? "" : ", q")]
            \(pin.map { "pins: {q: {\($0)}}" } ?? "")
            """)
        return try fixture.run(
            ["plan", "m.yaml", "--store", "store"] + options,
            environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.directory.path])
    }

    private func expectRefusal(_ ending: Program.Ending, of directory: String, _ way: String) {
        #expect(ending.status == 2, "\(way): \(ending.messages)")
        #expect(ending.messages.contains("is owned by user"), "\(way): \(ending.messages)")
        let remedy =
            "hint: if you trust it: git config --global --add safe.directory '\(fixture.directory(directory))'"
        #expect(ending.messages.contains(remedy), "\(way): \(ending.messages)")
        #expect(!ending.messages.contains("without a network"), "\(way): \(ending.messages)")
        #expect(access(fixture.directory("store"), F_OK) != 0, "\(way): nothing is planned")
    }

    @Test func theMatrixsRepositoryIsRefusedHoweverItIsReached() throws {
        let other = fixture.directory("repo-of-another")
        let url = "https://example.org/r.git"
        for (repository, options) in [
            ("path: repo-of-another", []), ("url: \"file://\(other)\"", []),
            ("url: \"\(url)\"", ["--repository-mirrors", "\(url)=\(other)"]),
            ("url: \"\(url)\"", ["--repository-mirrors", "\(url)=file://\(other)"]),
        ] {
            expectRefusal(try plan(repository, options), of: "repo-of-another", "\(repository) \(options)")
        }
        let solved = try fixture.run(
            ["solve", "p", "--repository", other, "--target", "debian-12", "--compiler", "5.3.0"],
            environment: ["HOME": fixture.directory.path])
        expectRefusal(solved, of: "repo-of-another", "solve")
        try fixture.directory.shell("rm -rf repo-of-another/.git")
        #expect(try plan("path: repo-of-another").status == 0, "a plain directory of another user is read")
    }

    @Test func aPinIsRefusedHoweverItIsReached() throws {
        let other = fixture.directory("source-of-another")
        for pin in ["path: source-of-another", "url: \"git+file://\(other)\"", "url: \"git+file://\(other)#main\""] {
            expectRefusal(try plan("path: repo", pin: pin), of: "source-of-another", pin)
        }
        #expect(try plan("path: repo", pin: "path: source").status == 0)
    }

    /// A package of a repository whose source is such a repository costs that package only.
    @Test func aSourceIsAWarningWithTheRemedy() throws {
        let source = fixture.directory("source-of-another")
        try fixture.write(packages: ["q.1": "depends: \"ocaml\"\nurl { src: \"git+file://\(source)\" }"])
        try git("add", "-A", at: fixture.directory("repo"))
        try git("commit", "-q", "-m", "q", at: fixture.directory("repo"))
        let ending = try plan("path: repo", ["-v"])
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(!ending.messages.contains("owned by"), "it is not planned: \(ending.messages)")
        let text = try #require(fixture.directory.read("m.yaml")).replacing("packages: [p]", with: "packages: [p, q]")
        try fixture.write("m.yaml", text)
        let planned = try fixture.run(
            ["plan", "m.yaml", "--store", "store"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.directory.path])
        #expect(planned.status == 0, "\(planned.messages)")
        #expect(planned.messages.contains("the source of q.1 is not known"), "\(planned.messages)")
        #expect(planned.messages.contains("safe.directory '\(source)'"), "\(planned.messages)")
    }
}
