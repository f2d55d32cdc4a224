import Archive
import Foundation
import Git
import Glibc
import OpamFormat
import TestSupport
import Testing

@testable import Fetching

/// Sources that are repositories of git.
@Suite struct GitSourceTests {
    private let temporary: TemporaryDirectory
    private var directory: String { temporary.path }

    init() throws { temporary = try TemporaryDirectory() }

    private func cache(limit: Int = 1 << 30) -> SourceCache {
        SourceCache(directory, limit: limit) { url, _, _ in throw SourceError(.missing, "\(url): no network in tests") }
    }

    /// Paths below the unpacked archive, links as `path -> target`.
    private func unpacked(_ archive: String) throws -> [String] {
        let destination = "\(directory)/unpacked-\(UUID().uuidString)"
        try Extraction(links: .anywhere, strippingSingleRoot: true).extract(archive, to: destination)
        return try FileManager.default.subpathsOfDirectory(atPath: destination).sorted().map { path in
            let whole = "\(destination)/\(path)"
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: whole) {
                return "\(path) -> \(target)"
            }
            let mode = try FileManager.default.attributesOfItem(atPath: whole)[.posixPermissions] as? Int ?? 0
            return mode & 0o100 != 0 && !whole.isDirectory ? "\(path)*" : path
        }
    }

    @Test func aBranchIsFoundAtItsCommitAndExportedThere() async throws {
        let origin = try OriginRepository()
        let inner = try origin.tree([
            TreeEntry(name: "x", kind: .file, id: try origin.git.write(.blob, Array("x".utf8)))
        ])
        let first = try origin.commit([
            "a.opam": (.file, ""), "run": (.executable, "#!/bin/sh\n"), "link": (.symbolicLink, "/etc/passwd"),
            "lib": (.directory, inner.description),
        ])
        let cache = cache()
        let source = Source(url: "git+file://\(origin.path)#main")
        let exact = try await cache.exact(source, of: "a.1")
        #expect(exact.url == "git+file://\(origin.path)#\(first)")

        let second = try origin.commit(["other": (.file, "")])
        let archive = try await cache.file(exact, of: "a.1")
        #expect(try unpacked(archive) == ["a.opam", "lib", "lib/x", "link -> /etc/passwd", "run*"])
        #expect(try await cache.exact(source, of: "a.1").url.hasSuffix("#\(second)"), "the branch went on")
        #expect(try await cache.exact(exact, of: "a.1") == exact, "a commit stays")
    }

    /// An archive of a commit has no checksum in the opam file, and a copy of a repository is only a cache: damaged
    /// ones are made again.
    @Test(arguments: ["cut", "removed", "checksum lost", "objects lost", "repository cut"])
    func aDamagedCopyIsMadeAgain(damage: String) async throws {
        let origin = try OriginRepository()
        let commit = try origin.commit(["a": (.file, "text")])
        let source = Source(url: "git+file://\(origin.path)#\(commit)")
        let archive = try await cache().file(source, of: "a.1")
        let whole = try Data(contentsOf: URL(fileURLWithPath: archive))
        #expect(SourceCache.isIntact(archive))
        let manager = FileManager.default
        let mirror = GitMirror.path(of: "file://\(origin.path)", in: "\(directory)/git")
        try #require(manager.fileExists(atPath: mirror))
        switch damage {
        case "cut": truncate(archive, 100)
        case "removed": try manager.removeItem(atPath: archive)
        case "checksum lost": try manager.removeItem(atPath: "\(archive).sha256")
        case "objects lost":
            try manager.removeItem(atPath: archive)
            for path in try manager.subpathsOfDirectory(atPath: "\(mirror)/objects") {
                let file = "\(mirror)/objects/\(path)"
                if !file.isDirectory { truncate(file, 0) }
            }
        default:
            try manager.removeItem(atPath: archive)
            truncate("\(mirror)/HEAD", 0)
        }
        #expect(try await cache().file(source, of: "a.1") == archive)
        #expect(try Data(contentsOf: URL(fileURLWithPath: archive)) == whole)
        #expect(SourceCache.isIntact(archive))
    }

    /// A process killed during a fetch leaves git's locks in the copy.
    @Test func locksOfKilledProcessesAreNoObstacle() async throws {
        let origin = try OriginRepository()
        let first = try origin.commit(["a": (.file, "text")])
        _ = try await cache().repository(at: "file://\(origin.path)", revision: "main")
        let mirror = GitMirror.path(of: "file://\(origin.path)", in: "\(directory)/git")
        let second = try origin.commit(["a": (.file, "other")])
        for file in [
            "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock", "refs/ciso/\(second).lock",
            "refs/ciso/\(first).lock", "objects/pack/tmp_pack_x",
        ] {
            try Data().write(to: URL(fileURLWithPath: "\(mirror)/\(file)"))
        }
        let found = try await cache().repository(at: "file://\(origin.path)", revision: "main")
        #expect(found.commit == second.description)
        let left = try FileManager.default.subpathsOfDirectory(atPath: mirror).filter { $0.hasSuffix(".lock") }
        #expect(left == [])
    }

    @Test func withoutARevisionTheDefaultBranchIsUsed() async throws {
        let origin = try OriginRepository()
        let main = try origin.commit(["a": (.file, "main")])
        let tag = try origin.commit(["a": (.file, "tag")], to: "refs/tags/v1")
        let branch = try origin.commit(["a": (.file, "branch")], to: "refs/heads/v1")
        for (revision, commit) in [("", main), ("#v1", tag), ("#refs/heads/v1", branch), ("#main", main), ("#", main)] {
            let exact = try await cache().exact(Source(url: "git+file://\(origin.path)\(revision)"), of: "a.1")
            #expect(exact.url.hasSuffix("#\(commit)"), "\(revision)")
        }
        let short = "\(branch)".prefix(9)
        let whole = try await cache().exact(Source(url: "git+file://\(origin.path)#\(short)"), of: "a.1")
        #expect(whole.url.hasSuffix("#\(branch)"))
        try FileManager.default.removeItem(atPath: "\(origin.path)/refs/heads/main")
        _ = try origin.commit(["a": (.file, "master")], to: "refs/heads/master")
        let exact = try await cache().exact(Source(url: "git+file://\(origin.path)"), of: "a.1")
        let master = try #require(try origin.git.reference("refs/heads/master"))
        #expect(exact.url.hasSuffix("#\(master)"))
    }

    // MARK: Repositories of packages

    /// One copy serves sources and repositories; it retains fetched commits, and needs no network for them.
    @Test func aRemoteRepositoryIsCopiedOnce() async throws {
        let origin = try OriginRepository()
        let url = "file://\(origin.path)"
        let first = try origin.commit(["a": (.file, "1")])
        let second = try origin.commit(["a": (.file, "2")])
        let cache = cache()
        let copy = try await cache.repository(at: url, revision: nil)
        #expect(copy.commit == "\(second)")
        for (revision, commit) in [
            ("main", second), ("main~1", first), ("HEAD^", first), ("\(first)", first),
            ("\(second)".prefix(9) + "~", first),
        ] {
            let found = try await cache.repository(at: url, revision: revision)
            #expect(found.commit == "\(commit)" && found.path == copy.path, "\(revision)")
        }
        let third = try origin.commit(["a": (.file, "3")])
        #expect(try await cache.repository(at: url, revision: "main").commit == "\(third)", "the branch is asked for")
        for missing in ["nosuch", "main~9"] {
            let error = await #expect(throws: SourceError.self) {
                try await cache.repository(at: url, revision: missing)
            }
            #expect(error?.kind == .missing, "\(missing)")
        }
        try FileManager.default.removeItem(atPath: origin.path)
        #expect(try await cache.repository(at: url, revision: "\(first)").commit == "\(first)", "the copy has it")
        await #expect(throws: SourceError.self) { try await cache.repository(at: url, revision: "main") }
    }

    /// The files of a killed fetch are removed by the next fetch, and a damaged copy is made again.
    @Test func leftoversAndDamageOfACopyAreRemoved() async throws {
        let origin = try OriginRepository()
        let url = "file://\(origin.path)"
        try origin.commit(["a": (.file, "1")])
        let cache = cache()
        let copy = try await cache.repository(at: url, revision: nil)
        let packs = "\(copy.path)/objects/pack"
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(packs)/pack_Xq3f9a"))
        let second = try origin.commit(["a": (.file, "2")])
        #expect(try await cache.repository(at: url, revision: nil).commit == "\(second)")
        let names = try FileManager.default.contentsOfDirectory(atPath: packs)
        #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("pack-") }, "\(names)")
        try FileManager.default.removeItem(atPath: "\(copy.path)/HEAD")
        try FileManager.default.removeItem(atPath: packs)
        let third = try origin.commit(["a": (.file, "3")])
        let repaired = try await cache.repository(at: url, revision: nil)
        #expect(repaired.commit == "\(third)")
        #expect(try GitRepository(opening: repaired.path).commit(third).parents == [second])
    }

    /// Several at once wait for each other and all have the commit.
    @Test func severalFetchIntoOneCopy() async throws {
        let origin = try OriginRepository()
        let commit = try origin.commit(["a": (.file, "1")])
        let directory = try TemporaryDirectory()
        let (caches, url) = (directory("cache"), "file://\(origin.path)")
        let commits = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await SourceCache(caches).repository(at: url, revision: "main")
                        .commit
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(commits == ["\(commit)"])
    }

    @Test func missingSourcesAreFailuresOfThePackage() async throws {
        let origin = try OriginRepository()
        try origin.commit(["a": (.file, "")])
        let none = String(repeating: "0", count: 39) + "1"
        for (url, kind, words) in [
            (
                "git+file://\(origin.path)#mai", SourceError.Kind.missing,
                "no branch, tag or commit 'mai'; did you mean 'main'?"
            ),
            ("git+file://\(origin.path)#\(none)", .missing, "no commit \(none)"),
            ("git+file://\(origin.path)-gone#main", .missing, "no git repository"),
            ("git+file://\(directory)#main", .missing, "no git repository"),
            ("git+https://127.0.0.1:1/a.git#main", .network, "Connection refused"),
            ("git+file://\(origin.path)#main", .moved, "plan again"),
            ("hg+https://example.org/a", .missing, "sources of hg cannot be fetched"),
            ("darcs://example.org/a", .missing, "sources of darcs cannot be fetched"),
            ("rsync://example.org/a", .missing, "sources of rsync cannot be fetched"),
        ] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let error = await #expect(throws: SourceError.self, "\(url)") {
                try await cache().file(Source(url: url), of: "a.1")
            }
            #expect(error?.kind == kind, "\(url): \(String(describing: error))")
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test func submodulesComeAtTheirRecordedCommits() async throws {
        let (origin, inner) = (try OriginRepository(), try OriginRepository())
        let recorded = try inner.commit(["in": (.file, "")])
        try inner.commit(["later": (.file, "")])
        let name = URL(fileURLWithPath: inner.path).lastPathComponent
        let modules = "[submodule \"one\"]\n\tpath = one\n\turl = ../\(name)\n"
        let commit = try origin.commit([
            ".gitmodules": (.file, modules), "one": (.submodule, "\(recorded)"), "two": (.submodule, "\(recorded)"),
        ])
        let archive = try await cache().file(Source(url: "git+file://\(origin.path)#\(commit)"), of: "a.1")
        #expect(try unpacked(archive) == [".gitmodules", "one", "one/in", "two"])
    }

    @Test func aRepositoryThatIsItsOwnSubmoduleEnds() async throws {
        let origin = try OriginRepository()
        let modules = "[submodule \"s\"]\npath = s\nurl = \(origin.path)\n"
        var commit = try origin.commit([".gitmodules": (.file, modules)])
        for _ in 0..<9 {
            commit = try origin.commit([".gitmodules": (.file, modules), "s": (.submodule, "\(commit)")])
        }
        let source = Source(url: "git+file://\(origin.path)#\(commit)")
        let error = await #expect(throws: SourceError.self) { try await cache().file(source, of: "a.1") }
        #expect(error?.kind == .rejected)
        #expect(error?.description.contains("more than 8 nested submodules") == true)
    }

    @Test func aRemoteRepositoryCannotNameFilesOfThisMachine() {
        let list = SubmoduleList(
            """
            [submodule "a"]
              path = a
              url = file:///etc
            [submodule "b"]
              path = b
              url = /etc
            [submodule "c"]
              path = c
              url = "../c.git"
            [submodule "d"]
              path = d
              url = ext::sh -c true
            [submodule "e"]
              path = e
              url = git@example.org:e.git
            [submodule "f"]
              path = f
              url = file:///\u{301}etc
            [submodule "g"]
              path = g
              url = /\u{301}etc:x
            """)
        #expect(
            list.addresses(relativeTo: "https://example.org/x/y.git")
                == ["c": "https://example.org/x/c.git", "e": "git@example.org:e.git"])
    }

    @Test func namesThatLeadOutAreRefused() async throws {
        for name in ["..", ".git", ".GIT"] {
            let origin = try OriginRepository()
            let commit = try origin.commit([name: (.file, "")])
            let error = await #expect(throws: SourceError.self) {
                try await cache().file(Source(url: "git+file://\(origin.path)#\(commit)"), of: "a.1")
            }
            #expect(error?.kind == .rejected, "\(String(describing: error))")
        }
    }

    @Test func aSourceThatIsTooLargeIsRefused() async throws {
        let origin = try OriginRepository()
        let commit = try origin.commit(["a": (.file, String(repeating: "a", count: 100_000))])
        let source = Source(url: "git+file://\(origin.path)#\(commit)")
        let error = await #expect(throws: SourceError.self) { try await cache(limit: 50_000).file(source, of: "a.1") }
        #expect(error?.kind == .rejected, "\(String(describing: error))")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/git/commits") == [])
    }

    @Test func silentServersAreNetworkFailures() async throws {
        let listener = try LoopbackListener()
        let url = "git+http://127.0.0.1:\(listener.port)/a.git#main"
        let hasty = SourceCache(directory, timeout: .milliseconds(300))
        let error = await #expect(throws: SourceError.self) { try await hasty.exact(Source(url: url), of: "a.1") }
        #expect(error?.kind == .network)
        #expect(error?.description.contains("no answer in time") == true)
    }
}

extension String {
    fileprivate var isDirectory: Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: self, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
