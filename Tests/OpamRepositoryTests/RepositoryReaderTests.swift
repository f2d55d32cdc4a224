import Archive
import Core
import OpamFormat
import Testing

@testable import OpamRepository

/// Repositories read the same from a directory, a work tree and a bare repository.
@Suite struct RepositoryReaderTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
        try fixture.write([
            "one/repo": "opam-version: \"2.0\"\nbrowse: \"https://example.org/pkg/\"\n",
            "one/packages/a/a.1.0/opam": "opam-version: \"2.0\"\nsynopsis: \"one\"\n",
            "one/packages/a/a.1.10/opam": "opam-version: \"2.0\"\ndepends: [\"b\"]\n",
            "one/packages/a/a.1.9/opam": "opam-version: \"2.0\"\n",
            "one/packages/a/a.1.9/files/fix.patch": "--- a\n+++ b\n",
            "one/packages/a/a.1.9/files/sub/more.txt": "more\n",
            "one/packages/b.2/opam": "opam-version: \"2.0\"\n",
            "one/packages/b.1/opam": "opam-version: \"2.0\"\n",
            "one/README.md": "not a package\n",
        ])
    }

    /// Three ways to provide the same packages.
    private func locations() throws -> [String] {
        try fixture.run("/bin/cp", ["-R", "one", "git"])
        try fixture.commit("git")
        try fixture.run("/usr/bin/env", ["git", "clone", "-q", "--bare", "git", "bare.git"])
        try fixture.write(["git/packages/a/a.1.0/opam": "not committed"])
        return ["one", "git", "bare.git", "bare.git@main", "git@HEAD"].map(fixture.path)
    }

    @Test func everyKindOfRepositoryReadsTheSame() throws {
        for location in try locations() {
            let reader = try RepositorySet([location]).reader()
            var diagnostics: [Diagnostic] = []
            let names = try reader.names(&diagnostics)
            #expect(names.map(\.name.text) == ["a", "b"], "\(location)")
            let versions = try names.flatMap { try reader.versions(of: $0, &diagnostics) }
            #expect(versions.map(\.package.description) == ["a.1.0", "a.1.9", "a.1.10", "b.1", "b.2"], "\(location)")
            #expect(versions.map(\.path).last == "packages/b.2")
            #expect(try reader.opamFile(of: versions[0]).synopsis == "one", "\(location)")
            #expect(try reader.opamFile(of: versions[2]).depends.atoms.map(\.name.text) == ["b"])
            #expect(diagnostics.isEmpty)
        }
    }

    @Test func filesBesideTheOpamFileAreReachable() throws {
        for location in try locations() {
            let reader = try RepositorySet([location]).reader()
            var diagnostics: [Diagnostic] = []
            let a = try #require(try reader.names(&diagnostics).first)
            let files = try reader.versions(of: a, &diagnostics).map { try reader.files(of: $0) }
            #expect(files[0].isEmpty && files[2].isEmpty)
            #expect(
                files[1].mapValues { String(decoding: $0, as: UTF8.self) } == [
                    "fix.patch": "--- a\n+++ b\n", "sub/more.txt": "more\n",
                ])
        }
    }

    @Test func missingObjectsAreNamed() throws {
        _ = try locations()
        try fixture.write(["empty/README": ""])
        let cases = [
            ("nowhere", "there is no repository"), ("git@v9", "v9"), ("git@a..b", "a..b"), ("git@^{", "^{"),
            ("git@", "''"), ("one@main", "plain directory"),
        ]
        for (name, expected) in cases {
            let failure = #expect(throws: Failure.self) { try Repository(fixture.path(name)) }
            #expect(failure?.category == .input, "\(name)")
            #expect(failure?.description.contains(expected) == true, "\(name): \(failure?.description ?? "")")
        }
        let failure = #expect(throws: Failure.self) {
            var diagnostics: [Diagnostic] = []
            _ = try RepositorySet([fixture.path("empty")]).reader().names(&diagnostics)
        }
        #expect(failure?.category == .input)
    }

    /// `1.0` and `1.00` are one version for opam, however the directory lists them.
    @Test func versionsThatAreEqualInOpamAreOne() throws {
        try fixture.write(["one/packages/a/a.1.00/opam": "synopsis: \"two\"\n"])
        for location in try locations().prefix(3) {
            let reader = try RepositorySet([location]).reader()
            var diagnostics: [Diagnostic] = []
            let versions = try reader.versions(of: try #require(reader.names(&diagnostics).first), &diagnostics)
            #expect(versions.map(\.package.description) == ["a.1.00", "a.1.9", "a.1.10"])
            #expect(diagnostics.map(\.severity) == [.warning])
        }
    }

    @Test func brokenOpamFilesAreReportedAndCountAsAbsent() throws {
        try fixture.write([
            "one/packages/b.3/opam": "opam-version: \"2.0\"\ndepends: [ \"a\" \n",
            "one/packages/b.4/README": "no opam file",
            "one/packages/a/c.1/opam": "opam-version: \"2.0\"\n",
            "one/packages/!/opam": "",
        ])
        let reader = try RepositorySet([fixture.path("one")]).reader()
        var diagnostics: [Diagnostic] = []
        let names = try reader.names(&diagnostics)
        let versions = try names.flatMap { try reader.versions(of: $0, &diagnostics) }
        let files = try versions.map { try reader.opamFile(of: $0, &diagnostics) }
        #expect(versions.count == 7)
        #expect(files.map { $0 == nil } == [false, false, false, false, false, true, true])
        #expect(diagnostics.map(\.severity) == [.warning, .error, .error, .error])
        #expect(diagnostics[2].location?.line == 3)
        #expect(diagnostics[2].description.contains("packages/b.3/opam:3:1"))
    }
}

/// The first repository that has a package version provides all of it.
@Suite struct RepositoryOverlayTests {
    @Test func theFirstRepositoryWins() throws {
        let fixture = try RepositoryFixture()
        try fixture.write([
            "low/packages/a/a.1/opam": "synopsis: \"low\"\n",
            "low/packages/a/a.1/files/x": "low",
            "low/packages/a/a.2/opam": "synopsis: \"low\"\n",
            "low/packages/b/b.1/opam": "synopsis: \"low\"\n",
            "high/packages/a.1/opam": "synopsis: \"high\"\n",
            "high/packages/c/c.1/opam": "synopsis: \"high\"\n",
        ])
        let reader = try RepositorySet([fixture.path("high"), fixture.path("low")]).reader()
        var diagnostics: [Diagnostic] = []
        let versions = try reader.names(&diagnostics).flatMap { try reader.versions(of: $0, &diagnostics) }
        let origins = try versions.map { "\($0.package) \(try reader.opamFile(of: $0).synopsis ?? "")" }
        #expect(origins == ["a.1 high", "a.2 low", "b.1 low", "c.1 high"])
        #expect(try reader.files(of: versions[0]).isEmpty)
        #expect(diagnostics.isEmpty)
    }
}
