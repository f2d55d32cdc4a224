import Foundation
import Git
import TestSupport
import Testing

struct GitRepositoryTests {
    @Test func gitReadsWrittenRepositories() throws {
        try withRepository { repository in
            let blob = try repository.write(.blob, Array("hello\n".utf8))
            let inner = try repository.write(Tree([TreeEntry(name: "b", kind: .executable, id: blob)]))
            let root = try repository.write(
                Tree([
                    TreeEntry(name: "a.b", kind: .file, id: blob), TreeEntry(name: "a", kind: .directory, id: inner),
                    TreeEntry(name: "a-b", kind: .symbolicLink, id: blob),
                ]))
            let commit = try repository.write(
                Commit(tree: root, parents: [], author: author, message: "Subject\n\nKey: value"))
            try repository.updateReference("refs/heads/main", to: commit, expecting: nil)
            #expect(try git("fsck", "--strict", "--full", at: repository.path) == "")
            #expect(
                try git("log", "--format=%an|%ae|%at|%ad|%s|%(trailers:key=Key,valueonly)", at: repository.path)
                    == "Ada L|ada@example.org|1234567890|Fri Feb 13 22:01:30 2009 -0130|Subject|value")
            #expect(try git("ls-tree", "-r", "--name-only", "main", at: repository.path) == "a-b\na.b\na/b")
            #expect(try git("show", "main:a/b", at: repository.path) == "hello")
        }
    }

    @Test func repositoriesWrittenByGitAreRead() throws {
        try withRepository { repository in
            let blob = try git("hash-object", "-w", "--stdin", at: repository.path, input: "text")
            let tree = try git("mktree", at: repository.path, input: "100644 blob \(blob)\tname\n")
            let id = try git("commit-tree", "-m", "One\n\nA: b\nC: d", tree, at: repository.path)
            _ = try git("update-ref", "refs/heads/x", id, at: repository.path)
            #expect(try repository.resolve(commit: "x").hex == id)
            #expect(try repository.resolve(tree: "x").hex == tree)
            let commit = try repository.commit(#require(ObjectID(hex: id)))
            #expect(commit.subject == "One")
            #expect(commit.trailers.map(\.key) == ["A", "C"])
            #expect(commit.trailers.map(\.value) == ["b", "d"])
            let entry = try #require(try repository.entry(at: "name", in: commit.tree))
            #expect(try repository.blob(entry.id) == Array("text".utf8))
            #expect(try repository.header(entry.id) == (.blob, 4))
            #expect(try repository.entry(at: "name/below", in: commit.tree) == nil)
        }
    }

    @Test func referencesMoveOnlyFromWhatIsExpected() throws {
        try withRepository { repository in
            let tree = try repository.write(Tree.empty)
            let commits = try (0..<3).map {
                try repository.write(Commit(tree: tree, parents: [], author: author, message: "\($0)"))
            }
            let name = "refs/heads/deep/er"
            #expect(try repository.reference(name) == nil)
            try repository.updateReference(name, to: commits[0], expecting: nil)
            #expect(throws: GitError.self) {
                try repository.updateReference(name, to: commits[1], expecting: nil)
            }
            #expect(kind { try repository.updateReference(name, to: commits[2], expecting: commits[1]) } == .modified)
            try repository.updateReference(name, to: commits[1], expecting: commits[0])
            #expect(try repository.references(prefix: "refs/heads/") == [name])
            _ = try git("pack-refs", "--all", at: repository.path)
            #expect(try repository.reference(name) == commits[1])
            #expect(kind { try repository.deleteReference(name, expecting: commits[0]) } == .modified)
            try repository.deleteReference(name, expecting: commits[1])
            #expect(try repository.reference(name) == nil)
        }
    }

    @Test func errorsSayWhatAndWhere() throws {
        #expect(kind { _ = try GitRepository(opening: "/nonexistent/ciso/store") } == .notFound)
        try withRepository { repository in
            #expect(kind { _ = try repository.resolve(commit: "nobody") } == .notFound)
            #expect(kind { _ = try repository.blob(ObjectID.zero) } == .corrupted)
            let blob = try repository.write(.blob, [1])
            #expect(kind { _ = try repository.tree(blob) } == .notFound)
        }
    }

    private func kind(_ body: () throws -> Void) -> GitError.Kind? {
        do {
            try body()
            return nil
        } catch {
            return (error as? GitError)?.kind
        }
    }
}
