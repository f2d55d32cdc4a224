import Core
import Foundation
import Git
import TestSupport
import Testing

/// Messages about repositories that cannot be opened, or that lack objects.
@Suite struct OpeningTests {
    private let directory: TemporaryDirectory
    private let origin: String

    init() throws {
        directory = try TemporaryDirectory()
        origin = directory("origin")
        try directory.shell("git init -q -b main \"$1\"", directory("origin"))
        for number in 1...3 {
            try directory.write("\(number)", to: "origin/file")
            try git("add", ".", at: origin)
            try git("commit", "-qm", "\(number)", at: origin)
        }
        try git("config", "uploadpack.allowfilter", "true", at: origin)
    }

    private func error(_ path: String) -> GitError? {
        do {
            _ = try GitRepository(opening: path)
            return nil
        } catch {
            return error
        }
    }

    /// A `.git` that exists and cannot be opened is never taken for a plain directory.
    @Test(arguments: [
        ("rm .git/HEAD", "it has no HEAD"), ("rm -r .git/objects", "it has no objects"),
        ("rm -r .git && mkdir .git", "it has no HEAD, no objects, no refs"),
        ("rm -r .git && echo 'gitdir: /nonexistent/ciso/x' > .git", "names the repository '/nonexistent/ciso/x'"),
        ("rm -r .git && echo nonsense > .git", "does not name a repository"),
        ("mv .git x && ln -s nowhere .git", "broken symbolic link"),
        ("echo '[core' > .git/config", "its configuration cannot be parsed: "),
        ("git config core.repositoryformatversion 1 && git config extensions.refStorage reftable", "reftable"),
        ("git config core.repositoryformatversion 1 && git config extensions.objectFormat sha256", "SHA-256"),
    ])
    func aBrokenRepositoryIsNamed(damage: String, words: String) throws {
        let path = directory("broken")
        try directory.shell("cp -r \"$1\" \"$2\"; cd \"$2\"; \(damage)", origin, path)
        let found = error(path)
        let error = try #require(found)
        #expect(error.kind != .notFound, "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(error.repository.hasPrefix("/"))
        #expect(error.hint != nil)
    }

    @Test func aPlainDirectoryIsNoRepository() throws {
        try directory.shell("mkdir -p \"$1\"/packages/objects; echo 'ref: x' > \"$1\"/HEAD", directory("plain"))
        #expect(error(directory("plain"))?.kind == .notFound)
        #expect(error(directory("nowhere"))?.kind == .notFound)
    }

    @Test func linkedWorkTreesReadTheirMainRepositoryOrReportItsAbsence() throws {
        try git("worktree", "add", "-q", directory("tree"), at: origin)
        try git("config", "core.repositoryformatversion", "1", at: origin)
        try git("config", "extensions.worktreeConfig", "true", at: origin)
        let repository = try GitRepository(opening: directory("tree"))
        try repository.refresh()
        let head = try repository.resolve(commit: "HEAD")
        #expect(try repository.commit(head).subject == "3")
        try FileManager.default.moveItem(atPath: origin, toPath: directory("moved"))
        let answer = error(directory("tree"))
        let gone = try #require(answer)
        #expect(gone.kind == .unusable && gone.detail.contains("which does not exist"), "\(gone)")
    }

    @Test func shallowPartialAndSharedClonesSayWhatTheyLack() throws {
        try git("clone", "-q", "--depth", "1", "file://\(origin)", directory("shallow"), at: directory.path)
        let shallow = try GitRepository(opening: directory("shallow"))
        let head = try shallow.resolve(commit: "HEAD")
        #expect(try shallow.commit(head).parents == [], "its history ends here")
        let older = #expect(throws: GitError.self) { try shallow.resolve(commit: "HEAD~1") }
        #expect(older?.kind == .incomplete && older?.hint?.contains("--unshallow") == true, "\(older as Any)")

        try git(
            "clone", "-q", "--bare", "--filter=blob:none", "file://\(origin)", directory("partial"), at: directory.path)
        let partial = try GitRepository(opening: directory("partial"))
        let tree = try partial.commit(partial.resolve(commit: "HEAD")).tree
        let file = try #require(try partial.tree(tree).entry(named: "file"))
        let missing = #expect(throws: GitError.self) { try partial.blob(file.id) }
        #expect(missing?.kind == .incomplete && missing?.detail.contains("partial clone") == true)
        let remedy = try #require(missing?.hint?.split(separator: ": ", maxSplits: 1).last)
        try directory.shell(String(remedy))
        #expect(try GitRepository(opening: directory("partial")).blob(file.id) == Array("3".utf8), "the remedy works")

        try git("clone", "-q", "--shared", origin, directory("shared"), at: directory.path)
        try FileManager.default.moveItem(atPath: origin, toPath: directory("moved"))
        let lost = #expect(throws: GitError.self) {
            try GitRepository(opening: directory("shared")).resolve(commit: "HEAD")
        }
        #expect(lost?.kind == .corrupted && lost?.detail.contains("'\(origin)/.git/objects'") == true, "\(lost as Any)")
    }

    @Test func aMissingObjectIsDamageAndABranchWithoutCommitsIsNot() throws {
        let head = try git("rev-parse", "HEAD", at: origin)
        try FileManager.default.removeItem(atPath: "\(origin)/.git/objects/\(head.prefix(2))/\(head.dropFirst(2))")
        let repository = try GitRepository(opening: origin)
        for revision in ["HEAD", "main", "main~1"] {
            let error = #expect(throws: GitError.self) { try repository.resolve(commit: revision) }
            #expect(error?.kind == .corrupted && error?.category == .unavailable, "\(error as Any)")
        }
        let typo = #expect(throws: GitError.self) { try repository.resolve(commit: "mian") }
        #expect(typo?.kind == .notFound && typo?.category == .input)
        try directory.shell("git init -q \"$1\"", directory("new"))
        let unborn = #expect(throws: GitError.self) {
            try GitRepository(opening: directory("new")).resolve(commit: "HEAD")
        }
        #expect(unborn?.kind == .notFound && unborn?.detail.contains("has no commit yet") == true, "\(unborn as Any)")
    }

    /// Only root can change a file's owner.
    @Test(.enabled(if: geteuid() == 0)) func anotherUsersRepositoryIsRefusedUnlessGitAllowsIt() throws {
        try directory.shell("chown -R 65534 \"$1\"", origin)
        defer { GitEnvironment([:]).adopt() }
        let home = directory("home")
        func allow(_ values: String...) throws {
            try directory.shell("mkdir -p \"$1\"; rm -f \"$1\"/.gitconfig", home)
            for value in values {
                try directory.shell("HOME=\"$1\" git config --global --add safe.directory \"$2\"", home, value)
            }
            GitEnvironment(["GIT_CONFIG_GLOBAL": "\(home)/.gitconfig", "HOME": home]).adopt()
        }
        try allow()
        let answer = error(origin)
        let refused = try #require(answer)
        #expect(refused.kind == .owner && refused.category == .input)
        #expect(refused.hint?.contains("git config --global --add safe.directory '\(origin)'") == true, "\(refused)")
        #expect(refused.hint?.contains("chown") == true)
        for values in [["*"], [origin], [directory.path + "/*"], ["", "*"]] {
            try allow(values[0])
            if values.count > 1 { try allow(values[0], values[1]) }
            #expect(error(origin) == nil, "\(values)")
        }
        try allow("*", "")
        #expect(error(origin)?.kind == .owner, "an empty value forgets those before it")
        GitEnvironment([
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        ]).adopt()
        #expect(error(origin) == nil)
        GitEnvironment(["GIT_CONFIG_GLOBAL": "/dev/null", "SUDO_UID": "65534"]).adopt()
        #expect(error(origin) == nil, "as git under sudo")
    }

    @Test(arguments: ["a b%20c", "host:path", "q?x#y", "émile"]) func aPathIsNeverAURL(name: String) throws {
        let path = directory(name)
        try FileManager.default.copyItem(atPath: origin, toPath: path)
        let here = try GitRepository(initializingBare: directory("here"))
        try here.configure([
            (key: "url.https://example.invalid/.insteadOf", value: "/"),
            (key: "url.file:///nowhere/.insteadOf", value: "file://"),
        ])
        let found = try here.remoteReferences(of: .path(path))
        #expect(found.contains { $0.name == "refs/heads/main" })
        #expect(throws: GitError.self) { try here.remoteReferences(of: .url("file://\(origin)")) }
    }
}

extension OpeningTests {
    /// libgit2 1.5 crashes when it reads at the offset in such an index.
    @Test func anIndexThatLeadsOutsideOfItsPackIsRefused() throws {
        let directory = try TemporaryDirectory()
        try directory.shell("git init -q --bare -b main \"$1\"", directory("git"))
        let origin = try GitRepository(initializingBare: directory("git"))
        let id = try origin.write(.blob, Array("contents".utf8))
        try directory.shell(
            "cd \"$1\" && echo \"$2\" | git pack-objects -q objects/pack/pack && rm -r objects/\(id.hex.prefix(2))",
            directory("git"), id.hex)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory("git/objects/pack"))
        let index = directory("git/objects/pack/" + (try #require(names.first { $0.hasSuffix(".idx") })))
        #expect(try GitRepository(opening: directory("git")).blob(id) == Array("contents".utf8))
        var bytes = try Data(contentsOf: URL(filePath: index))
        // The offset of the only object: after the head, 256 sums, its name and its checksum.
        bytes[8 + 1024 + 20 + 4] |= 0x40
        chmod(index, 0o644)
        try bytes.write(to: URL(filePath: index))
        let error = #expect(throws: GitError.self) { try GitRepository(opening: directory("git")).blob(id) }
        #expect(error?.kind == .corrupted && error?.detail.contains(".idx") == true, "\(error as Any)")
    }
}
