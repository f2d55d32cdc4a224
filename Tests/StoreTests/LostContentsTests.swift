import Core
import Foundation
import Store
import TestSupport
import Testing

/// Logs, layers and parts of the history that are completely missing.
@Suite struct LostContentsTests {
    /// Documents that are a log's digest and a layer's, a line each.
    private static let rebuilding = BranchRebuilding(
        contents: { _, path, document in
            let lines = String(decoding: document, as: UTF8.self).split(separator: "\n").map { Digest(hex: String($0)) }
            guard lines.count == 2, let log = lines[0], let layer = lines[1] else { return nil }
            return BranchRebuilding.Contents(logs: [log], layers: [layer], owner: "result of \(path)")
        })

    private func record(_ number: Int, in store: Store) throws -> (log: Digest, layer: Digest) {
        let log = try store.logs.put(Array("log \(number)".utf8))
        let layer = try store.objects.put(Array("layer \(number)".utf8))
        try store.transact(main, "\(number)") {
            try $0.write(bytes: Array("\(log)\n\(layer)\n".utf8), to: StorePath("results/\(number)"))
        }
        return (log, layer)
    }

    @Test func missingLogsAndLayersAreNamed() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let contents = try (1...3).map { try record($0, in: store) }
            #expect(try Store.verify(at: store.path, rebuilding: Self.rebuilding).findings == [])
            unlink("\(store.path)/ciso/logs/sealed/\(contents[0].log.shard)/\(contents[0].log)")
            unlink(store.objects.path(of: contents[1].layer))
            for repair in [false, true] {
                let found = try Store.verify(at: store.path, repair: repair, rebuilding: Self.rebuilding)
                #expect(found.findings.map(\.subject) == [.log, .layer] && !found.isSound)
                #expect(found.findings[0].message.contains("\(contents[0].log) (result of results/1)"))
                #expect(found.findings[1].message.contains("\(contents[1].layer) (result of results/2)"))
                #expect(found.findings.allSatisfy { $0.advice != nil })
            }
        }
    }

    @Test(arguments: [false, true]) func missingLogArchivesAreNamedByTheirLogs(withItsIndex: Bool) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let contents = try (1...40).map { try record($0, in: store) }
            try store.logs.pack()
            #expect(try Store.verify(at: store.path, rebuilding: Self.rebuilding).findings == [])
            let shard = contents[0].log.hex.prefix(1)
            let archive = "\(store.path)/ciso/logs/archives/\(shard).0"
            unlink(archive)
            if withItsIndex { unlink("\(archive).index") }
            let lost = contents.filter { $0.log.hex.prefix(1) == shard }
            let found = try Store.verify(at: store.path, repair: true, rebuilding: Self.rebuilding)
            #expect(found.findings.count == (withItsIndex ? 1 : 2), "\(found.findings)")
            for (log, _) in lost { #expect(found.findings.contains { $0.message.contains(log.hex) }) }
            // New logs go into a new archive, and are found there.
            let next = try (41...80).map { try record($0, in: store) }
            try store.logs.pack()
            for (log, _) in next { #expect(try store.logs.read(log) != nil) }
            let later = try Store.verify(at: store.path, rebuilding: Self.rebuilding)
            #expect(later.findings.map(\.subject) == [.log], "\(later.findings)")
        }
    }

    /// A submodule, in a branch that stock git has pushed, is a commit of another repository and refers to nothing.
    @Test func aSubmoduleIsNoHole() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(at: directory("store"))
        let kept = try record(1, in: store)
        let unused = try store.logs.put(Array("nothing refers to it".utf8))
        try directory.shell(
            """
            cd store
            export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x
            own=$(git rev-parse main) foreign=$(printf %040d 7)
            file=$(echo '{"outcome": "x"}' | git hash-object -w --stdin)
            parent=
            for entry in "160000 commit $own" "100644 blob $file" "160000 commit $foreign" "100644 blob $file" \
                "160000 commit $own"; do
                tree=$(printf '%s\\tx.json\\n' "$entry" | git mktree --missing)
                parent=$(git commit-tree $tree -m x ${parent:+-p $parent})
            done
            git update-ref refs/heads/inbox/lab $parent
            """)
        let retention = Retention(versions: 1, grace: -1)
        let garbage = try store.findGarbage(retention)
        #expect(garbage.gap == nil && garbage.logs == [unused])
        try store.collect(garbage, retention)
        #expect(try store.logs.read(kept.log) != nil && store.logs.read(unused) == nil)
    }

    /// A commit, a directory and a document that only older versions need.
    @Test(arguments: ["main~1", "main~1^{tree}", "main~1:results", "main~2:results/1"])
    func aCollectionKeepsEverythingWhereTheHistoryHasAHole(lost: String) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let contents = try (1...3).map { try record($0, in: store) }
            try store.transact(main, "remove") { try $0.remove("results/1") }
            let stray = try store.logs.put(Array("nobody's".utf8))
            try store.checkpoint()
            try makeLoose(store.path)
            let id = try git("rev-parse", lost, at: store.path)
            unlink("\(store.path)/objects/\(id.prefix(2))/\(id.dropFirst(2))")
            let later = try Store(opening: store.path, options: StoreOptions(clock: { systemTime() + 100_000 }))
            let garbage = try later.findGarbage(Retention(grace: 0))
            #expect(garbage.gap?.contains(id) == true && garbage.logs == [] && garbage.objects == [])
            #expect(garbage.keptLogs == 4 && garbage.keptObjects == 3)
            try later.collect(garbage, Retention(grace: 0))
            #expect(try store.logs.read(stray) != nil)
            for (log, layer) in contents {
                #expect(try store.logs.read(log) != nil && store.objects.contains(layer))
            }
            #expect(try store.snapshot(main).exists("results/3"))
            try store.transact(main, "after") { try $0.write(1, to: "after.json") }
        }
    }
}
