import Core
import Foundation
import OpamFormat
import Testing

@testable import OpamRepository

/// No repository exhausts the machine: what is too large, too deep or not a file is told.
@Suite struct RepositoryLimitTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
        try fixture.write(["one/packages/a/a.1/opam": "opam-version: \"2.0\"\n"])
    }

    /// The package `a.1`, read from the folder and from git.
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
        let set = try RepositorySet([fixture.path("one")])
        var diagnostics: [Diagnostic] = []
        let failure = #expect(throws: Failure.self) { try set.reader().names(&diagnostics) }
        #expect(failure?.kind == .input)
        try fixture.run("/bin/cp", ["-R", "one", "git"])
        try fixture.commit("git")
        let reader = try RepositorySet([fixture.path("git")]).reader()
        let a = try #require(reader.names(&diagnostics).first)
        let package = try #require(reader.versions(of: a, &diagnostics).first)
        #expect(throws: Failure.self) { try reader.files(of: package) }
    }

    /// In a folder a link is what it leads to; a loop of links ends at a limit. In git a link is no file.
    @Test func linksAreNoWayOut() throws {
        let files = fixture.path("one/packages/a/a.1/files")
        try fixture.write(["one/packages/a/a.1/files/f": "x"])
        try FileManager.default.createSymbolicLink(atPath: files + "/loop", withDestinationPath: ".")
        var diagnostics: [Diagnostic] = []
        #expect(throws: Failure.self) { try RepositorySet([fixture.path("one")]).reader().names(&diagnostics) }
        try FileManager.default.removeItem(atPath: files + "/loop")
        try FileManager.default.createSymbolicLink(atPath: files + "/link", withDestinationPath: "f")
        let (folder, git) = (try readers()[0], try RepositorySet([fixture.path("git")]).reader())
        #expect(try folder.0.files(of: folder.1)["link"] == Array("x".utf8))
        let a = try #require(git.names(&diagnostics).first)
        let package = try #require(git.versions(of: a, &diagnostics).first)
        #expect(throws: Failure.self) { try git.files(of: package) }
    }
}
