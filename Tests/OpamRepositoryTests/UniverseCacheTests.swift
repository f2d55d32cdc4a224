import Core
import Foundation
import OpamSolver
import Testing

@testable import OpamRepository

/// A cache may lose contents; it must never return other ones.
@Suite struct UniverseCacheTests {
    private let fixture: RepositoryFixture
    private var cache: String { fixture.path("cache/universes") }

    init() throws {
        fixture = try RepositoryFixture()
        try fixture.write([
            "repo/packages/a/a.1/opam": "depends: \"b\" {>= \"2\"}", "repo/packages/b/b.2/opam": "",
            "repo/packages/c/c.1/opam": "depends: 12",
        ])
        try fixture.commit("repo")
    }

    private func load(_ location: String, cached: Bool = true) throws -> (Universe, [String]) {
        var diagnostics: [Diagnostic] = []
        let universe = try RepositorySet([fixture.path(location)])
            .universe(cache: cached ? cache : nil, threads: 2, &diagnostics)
        return (universe, diagnostics.map(\.description))
    }

    private func packages(_ universe: Universe) -> [String] {
        (0..<universe.packageCount).map { universe.text(of: Universe.PackageID($0)) }.sorted()
    }

    private func file() throws -> String {
        let files = try FileManager.default.contentsOfDirectory(atPath: cache)
        return "\(cache)/\(try #require(files.only))"
    }

    @Test func aSecondLoadGivesTheSame() throws {
        let (first, warnings) = try load("repo")
        #expect(warnings.count == 1, "the field that cannot be understood is told")
        #expect(try load("repo", cached: false).0 == first)
        let (second, repeated) = try load("repo")
        #expect(second == first)
        #expect(repeated == warnings, "and told again when the universe comes from the cache")
    }

    /// Every byte of the file is changed in turn; none of the results is accepted.
    @Test func everyChangedByteIsNoticed() throws {
        let (universe, _) = try load("repo")
        let path = try file()
        let whole = try Data(contentsOf: URL(filePath: path))
        let key = try #require(Digest(hex: String(URL(filePath: path).lastPathComponent.prefix(64))))
        let reader = UniverseCache(directory: cache)
        #expect(reader.universe(key) == universe)
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0x20
            try damaged.write(to: URL(filePath: path))
            #expect(reader.universe(key) == nil, "byte \(index)")
        }
        for length in [0, 1, 20, 150, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: URL(filePath: path))
            #expect(reader.universe(key) == nil, "\(length) bytes")
        }
        try (whole + Data([0])).write(to: URL(filePath: path))
        #expect(reader.universe(key) == nil, "a byte too many")
        #expect(try load("repo").0 == universe, "it is made again")
        #expect(reader.universe(key) == universe, "and stored")
    }

    @Test func aFileUnderAnotherKeyIsNotBelieved() throws {
        _ = try load("repo")
        let other = Digest(of: "other")
        try FileManager.default.copyItem(atPath: try file(), toPath: "\(cache)/\(other).universe")
        #expect(UniverseCache(directory: cache).universe(other) == nil)
    }

    @Test(arguments: [true, false])
    func aChangedRepositoryIsReadAgain(_ isGit: Bool) throws {
        if !isGit { try fixture.remove("repo/.git") }
        #expect(packages(try load("repo").0) == ["a.1", "b.2", "c.1"])
        try fixture.write(["repo/packages/b/b.3/opam": "", "repo/packages/d/d.1/opam": "depends: \"a\""])
        try fixture.remove("repo/packages/c")
        if isGit { try fixture.commit("repo") }
        let (updated, warnings) = try load("repo")
        #expect(packages(updated) == ["a.1", "b.2", "b.3", "d.1"])
        #expect(warnings.isEmpty, "what is gone is not complained about")
    }

    @Test func aCacheThatCannotBeWrittenIsNoError() throws {
        try fixture.write(["cache": "a file where the directory should be"])
        #expect(packages(try load("repo").0) == ["a.1", "b.2", "c.1"])
    }

    @Test func fewUniversesAreKept() throws {
        for round in 0..<UniverseCache.capacity + 3 {
            try fixture.write(["repo/packages/b/b.\(round + 10)/opam": ""])
            try fixture.commit("repo")
            _ = try load("repo")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache).count == UniverseCache.capacity)
    }
}

extension Array {
    fileprivate var only: Element? { count == 1 ? self[0] : nil }
}
