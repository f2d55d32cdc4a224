import Core
import Foundation
import OpamFormat
import Testing

@testable import OpamRepository

/// Two states are compared by their trees, and exactly what differs is named.
@Suite struct PackageChangeTests {
    private func description(_ changes: [PackageChange]) -> [String] {
        changes.map { "\($0.package) \($0.kind)" }
    }

    @Test func changesBetweenCommitsAreNamed() throws {
        let fixture = try RepositoryFixture()
        try fixture.write([
            "git/packages/a/a.1/opam": "synopsis: \"x\"\n",
            "git/packages/a/a.2/opam": "synopsis: \"x\"\n",
            "git/packages/b/b.1/opam": "synopsis: \"x\"\n",
            "git/packages/b/b.1/files/p": "x",
            "git/packages/c/c.1/opam": "synopsis: \"x\"\n",
        ])
        try fixture.commit("git")
        try fixture.write([
            "git/packages/a/a.2/opam": "synopsis: \"y\"\n",
            "git/packages/a/a.3/opam": "synopsis: \"x\"\n",
            "git/packages/b/b.1/files/p": "y",
            "git/packages/d/d.1/opam": "synopsis: \"x\"\n",
            "git/README": "not a package",
        ])
        try fixture.remove("git/packages/c")
        try fixture.commit("git")
        let old = try RepositorySet([fixture.path("git@HEAD~1")])
        let new = try RepositorySet([fixture.path("git")])
        #expect(
            description(try new.changes(since: old))
                == ["a.2 changed", "a.3 added", "b.1 changed", "c.1 removed", "d.1 added"])
        #expect(
            description(try old.changes(since: new))
                == ["a.2 changed", "a.3 removed", "b.1 changed", "c.1 added", "d.1 removed"])
        #expect(try new.changes(since: new).isEmpty)
    }

    @Test func changesInDirectoriesAreNamed() throws {
        let fixture = try RepositoryFixture()
        try fixture.write([
            "old/packages/a/a.1/opam": "synopsis: \"x\"\n",
            "old/packages/b/b.1/opam": "synopsis: \"x\"\n",
        ])
        let old = try RepositorySet([fixture.path("old")])
        let before = try old.reader()
        var diagnostics: [Diagnostic] = []
        let fingerprints = try before.names(&diagnostics).map(\.fingerprint)
        #expect(try old.changes(since: old).isEmpty)
        try fixture.write(["old/packages/b/b.1/opam": "synopsis: \"y\"\n"])
        let changed = try before.names(&diagnostics).map(\.fingerprint)
        #expect(fingerprints[0] == changed[0])
        #expect(fingerprints[1] != changed[1])
    }

    /// A version in an overlay hides the one below; the change is detected.
    @Test func changesThroughAnOverlayAreNamed() throws {
        let fixture = try RepositoryFixture()
        try fixture.write([
            "low/packages/a/a.1/opam": "synopsis: \"x\"\n",
            "low/packages/b/b.1/opam": "synopsis: \"x\"\n",
            "high/packages/a/a.1/opam": "synopsis: \"y\"\n",
        ])
        try fixture.commit("low")
        try fixture.commit("high")
        let low = try Repository(fixture.path("low"))
        let high = try Repository(fixture.path("high"))
        let changes = try RepositorySet([high, low]).changes(since: RepositorySet([low]))
        #expect(description(changes) == ["a.1 changed"])
    }
}
