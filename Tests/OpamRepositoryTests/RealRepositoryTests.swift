import Core
import Foundation
import OpamFormat
import TestSupport
import Testing

@testable import OpamRepository

/// A real repository of many thousand packages.
@Suite(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
struct RealRepositoryTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
        try fixture.run("/usr/bin/env", ["tar", "-xf", SharedRepository.archive.path])
    }

    private func location(_ revision: String = "") -> String {
        fixture.path("opam-repository.git") + revision
    }

    /// Every opam file of the newest commit is read, in order; one pair of versions is equal for opam.
    @Test func everyVersionIsListed() throws {
        let set = try RepositorySet([location()])
        var diagnostics: [Diagnostic] = []
        let names = try set.reader().names(&diagnostics)
        let versions = try set.concurrentMap(names, threads: 2) { (reader, name) throws(Failure) in
            var found: [Diagnostic] = []
            return (try reader.versions(of: name, &found), found)
        }
        #expect(names.map(\.name) == names.map(\.name).sorted())
        #expect(versions.allSatisfy { $0.0.map(\.package) == $0.0.map(\.package).sorted() })
        let listed = try git("ls-tree", "-r", "--name-only", "HEAD", "packages", at: location()).split(separator: "\n")
            .filter { $0.hasSuffix("/opam") && $0.split(separator: "/").count == 4 }
        let left = versions.flatMap(\.1).count
        #expect(versions.map(\.0.count).reduce(0, +) == listed.count - left)
        #expect(diagnostics.isEmpty)
    }

    @Test(arguments: [1, 3, 8])
    func resultsDoNotDependOnTheNumberOfThreads(_ threads: Int) throws {
        let set = try RepositorySet([location()])
        var diagnostics: [Diagnostic] = []
        let names = Array(try set.reader().names(&diagnostics).prefix(300))
        let read: @Sendable (RepositoryReader, NameEntry) throws(Failure) -> [String] = {
            (reader, name) throws(Failure) in
            var found: [Diagnostic] = []
            var texts: [String] = []
            for entry in try reader.versions(of: name, &found) {
                texts.append("\(entry.package) \(try reader.opamFile(of: entry).depends)")
            }
            return texts
        }
        let expected = try set.concurrentMap(names, threads: 1, read)
        #expect(try set.concurrentMap(names, threads: threads, read) == expected)
    }

    /// Of several failures, that of the first element is reported.
    @Test(arguments: [1, 2, 8])
    func theFirstFailureIsReported(_ threads: Int) throws {
        let set = try RepositorySet([location()])
        let failure = #expect(throws: Failure.self) {
            try set.concurrentMap(Array(0..<1_000), threads: threads) { (_, number) throws(Failure) in
                if number >= 500 { throw Failure(.input, "\(number)") }
            }
        }
        #expect(failure?.diagnostics.first?.message == "500")
    }

    /// The changes between two commits equal git's.
    @Test(arguments: [1, 10, 50])
    func changesAreThoseOfGit(_ distance: Int) throws {
        let old = try RepositorySet([location("@HEAD~\(distance)")])
        let new = try RepositorySet([location()])
        let changed = try git(
            "diff", "--name-only", "--no-renames", "HEAD~\(distance)", "HEAD", "--", "packages", at: location()
        ).split(separator: "\n")
            .compactMap { $0.split(separator: "/").dropFirst(2).first.map(String.init) }
        let changes = try new.changes(since: old)
        #expect(!changes.isEmpty)
        #expect(Set(changes.map(\.package.description)) == Set(changed))
    }
}
