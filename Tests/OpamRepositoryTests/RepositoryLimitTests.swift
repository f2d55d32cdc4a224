import Archive
import Core
import Foundation
import OpamFormat
import Testing

@testable import OpamRepository

/// No repository exhausts the machine: entries that are too large, too deep or not files are reported.
@Suite struct RepositoryLimitTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
        try fixture.write(["one/packages/a/a.1/opam": "opam-version: \"2.0\"\n"])
    }

    /// The package `a.1`, read from the directory and from git.
    private func readers() throws -> [(RepositoryReader, PackageEntry)] {
        try fixture.run("/bin/cp", ["-R", "one", "git"])
        try fixture.commit("git")
        return try ["one", "git"].map { name in
            let reader = try RepositorySet([fixture.path(name)]).reader()
            var diagnostics: [Diagnostic] = []
            let a = try #require(reader.names(&diagnostics).first)
            return (reader, try #require(reader.versions(of: a, &diagnostics).first))
        }
    }

    @Test func largeOpamFilesAreRefused() throws {
        let comment = String(repeating: "# long\n", count: SyntaxTree.largestFile / 7 + 1)
        try fixture.write(["one/packages/a/a.1/opam": comment])
        for (reader, package) in try readers() {
            var diagnostics: [Diagnostic] = []
            #expect(try reader.opamFile(of: package, &diagnostics) == nil)
            #expect(diagnostics.first?.message.contains("\(SyntaxTree.largestFile)") == true)
        }
    }

    @Test func deepFilesAreRefused() throws {
        let deep = String(repeating: "d/", count: RepositoryLimit.depth) + "f"
        try fixture.write(["one/packages/a/a.1/files/\(deep)": "x"])
        for (reader, package) in try readers() {
            let failure = #expect(throws: Failure.self) { try reader.files(of: package) }
            #expect(failure?.category == .input)
        }
    }

    /// A link stands for its target, in a directory and in git; a loop of links ends at a limit, and affects only its
    /// own package.
    @Test func linksAreNoWayOut() throws {
        let files = fixture.path("one/packages/a/a.1/files")
        try fixture.write(["one/packages/a/a.1/files/f": "x"])
        try FileManager.default.createSymbolicLink(atPath: files + "/link", withDestinationPath: "f")
        for (reader, package) in try readers() {
            #expect(try reader.files(of: package) == ["f": Array("x".utf8), "link": Array("x".utf8)])
        }
        try fixture.remove("git")
        try FileManager.default.createSymbolicLink(atPath: files + "/loop", withDestinationPath: ".")
        for (reader, package) in try readers() {
            let failure = #expect(throws: Failure.self) { try reader.files(of: package) }
            #expect(failure?.category == .input)
        }
    }
}
