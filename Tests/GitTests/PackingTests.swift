import Foundation
import TestSupport
import Testing

@testable import Git

struct PackingTests {
    /// A history in which a directory of many names changes by one name at a time.
    private func makeHistory(_ repository: GitRepository, commits: Int) throws -> (head: ObjectID, all: Set<ObjectID>) {
        var all: Set<ObjectID> = []
        var entries: [String: TreeEntry] = [:]
        var head: ObjectID?
        for number in 0..<commits {
            let names = number == 0 ? (0..<400).map { "name\($0)" } : ["name\(number * 7 % 500)"]
            for name in names {
                let more = String(repeating: "m", count: 90)
                let text = "{ \"name\": \"\(name)\", \"number\": \(number), \"more\": \"\(more)\" }"
                let blob = try repository.write(.blob, Array(text.utf8))
                entries[name] = TreeEntry(name: name, kind: .file, id: blob)
                all.insert(blob)
            }
            let inner = try repository.write(Tree(entries.values))
            let outer = try repository.write(Tree([TreeEntry(name: "d", kind: .directory, id: inner)]))
            let commit = Commit(tree: outer, parents: head.map { [$0] } ?? [], author: author, message: "\(number)\n")
            head = try repository.write(commit)
            all.formUnion([inner, outer, head!])
        }
        return (head!, all)
    }

    private func removeLooseObjects(_ repository: GitRepository) throws {
        let objects = repository.directory + "objects"
        for name in try FileManager.default.contentsOfDirectory(atPath: objects) where name.utf8.count == 2 {
            try FileManager.default.removeItem(atPath: "\(objects)/\(name)")
        }
    }

    /// Writes a pack of two blobs and replaces the entries of its index.
    private func makePack(
        of blobs: [(id: ObjectID, text: String)], in objects: String,
        indexed change: (PackIndex.Entry) -> PackIndex.Entry
    ) throws -> String {
        let writer = try PackWriter(objects: objects, count: blobs.count)
        for blob in blobs { try writer.add(blob.id, .blob, Array(blob.text.utf8)) }
        let base = try writer.finish()
        let entries = try #require(PackIndex(base: base)).entries.map(change)
        let trailer = Array(try Data(contentsOf: URL(fileURLWithPath: base + ".pack")).suffix(20))
        try Data(PackIndex.bytes(of: entries, packTrailer: trailer))
            .write(to: URL(fileURLWithPath: base + ".idx"), options: .atomic)
        return base
    }

    private func blob(_ text: String) -> (id: ObjectID, text: String) {
        (ObjectID(hashing: .blob, Array(text.utf8)), text)
    }

    @Test func aPackWhoseIndexHasAnOffsetTwiceIsNotMerged() throws {
        try withRepository { repository in
            let objects = repository.directory + "objects"
            let base = try makePack(of: [blob("a"), blob("b")], in: objects) {
                PackIndex.Entry(id: $0.id, offset: 12, checksum: 0)
            }
            let source = try #require(PackMerge.Source(base: base))
            #expect(throws: GitError.self) { try PackMerge.merge([source], objects: objects) }
        }
    }

    @Test func anObjectThatAPackContainsTwiceIsSalvagedOnce() throws {
        try withRepository { repository in
            let objects = repository.directory + "objects"
            let (id, text) = blob("twice")
            let base = try makePack(of: [(id, text), (ObjectID.emptyTree, text)], in: objects) {
                PackIndex.Entry(id: id, offset: $0.offset, checksum: $0.checksum)
            }
            let salvage = try #require(PackSalvage(base: base) { _ in nil })
            #expect(try salvage.rewrite(into: objects) == 1)
        }
    }

    @Test func aRepackedHistoryIsCompleteAndSmall() throws {
        try withRepository { repository in
            let (head, all) = try makeHistory(repository, commits: 600)
            let stray = try repository.write(.blob, Array("stray".utf8))
            try repository.updateReference("refs/heads/main", to: head, expecting: nil)
            let objects = repository.directory + "objects"
            let base = try DeltaPacker.pack(all.union([stray]), heads: [head], of: repository, objects: objects)
            try removeLooseObjects(repository)
            #expect(try git("fsck", "--strict", "--full", at: repository.path) == "dangling blob \(stray)")
            #expect(PackIndex.isIntact(base: base))
            let sizes = try git("verify-pack", "-v", base + ".idx", at: repository.path).split(separator: "\n")
            let lengths = sizes.filter { $0.hasPrefix("chain length") }.compactMap {
                Int($0.dropFirst("chain length = ".count).prefix { $0.isNumber })
            }
            #expect(lengths.count > 3 && lengths.max()! <= 45)
            let size = try FileManager.default.attributesOfItem(atPath: base + ".pack")[.size] as? Int
            // 600 directories of 15 KB are 9 MB.
            #expect(size! < 350_000)
            let expected = try git("rev-list", "--objects", "main", at: repository.path).split(separator: "\n").count
            #expect(expected == all.count)
            #expect(try Reachability(from: [head], in: repository).objects == all)
        }
    }

    /// Packs several of which contain the same objects, in one of them as deltas.
    @Test func deltasAreMergedToo() throws {
        try withRepository { repository in
            let objects = repository.directory + "objects"
            let versions = (0..<300).map { number in
                Array((0..<200).map { "line \($0 == number % 200 ? number : 0) of \($0)\n" }.joined().utf8)
            }
            let ids = versions.map { ObjectID(hashing: .blob, $0) }
            var bases: [String] = []
            for start in stride(from: 0, to: 290, by: 20) {
                let range = start..<min(start + 30, 300)
                let unique = Set(range.map { ids[$0] })
                let writer = try PackWriter(objects: objects, count: unique.count)
                try writer.add(ids[start], .blob, versions[start])
                for number in range.dropFirst() where !writer.contains(ids[number]) {
                    let delta = try #require(
                        Delta.make(from: versions[number - 1], to: versions[number], limit: 1 << 20))
                    try writer.add(ids[number], delta: delta, base: ids[number - 1], compression: .none)
                }
                bases.append(try writer.finish())
            }
            let sources = bases.compactMap { PackMerge.Source(base: $0) }
            #expect(sources.count == bases.count)
            let merged = try PackMerge.merge(sources, objects: objects)
            for base in bases { for end in ["idx", "pack"] { unlink("\(base).\(end)") } }
            _ = try git("verify-pack", merged + ".idx", at: repository.path)
            let fresh = try GitRepository(opening: repository.path)
            for (id, version) in zip(ids, versions) { #expect(try fresh.blob(id) == version) }
        }
    }

    @Test func packsAreMergedUnchanged() throws {
        try withRepository { repository in
            let objects = repository.directory + "objects"
            var ids: Set<ObjectID> = []
            var bases: [String] = []
            for pack in 0..<12 {
                let blobs = (0..<20).map { Array("\(pack * 15 + $0) \(String(repeating: "x", count: $0 * 50))".utf8) }
                let names = Set(blobs.map { ObjectID(hashing: .blob, $0) })
                let writer = try PackWriter(objects: objects, count: names.count)
                for blob in blobs { try writer.add(ObjectID(hashing: .blob, blob), .blob, blob) }
                bases.append(
                    try writer.finish(
                        PackWriter.Finish(isDurable: false, keep: PackWriter.Keep(file: "", text: "kept"))))
                ids.formUnion(names)
            }
            #expect(bases.allSatisfy { FileManager.default.fileExists(atPath: $0 + ".keep") })
            let sources = bases.compactMap { PackMerge.Source(base: $0) }
            #expect(sources.count == 12)
            let merged = try PackMerge.merge(sources, objects: objects)
            for base in bases { for end in ["idx", "pack", "keep"] { unlink("\(base).\(end)") } }
            #expect(PackIndex(base: merged)?.ids == ids.sorted())
            #expect(try git("fsck", "--full", at: repository.path).split(separator: "\n").count == ids.count)
            // A reader that used removed packs finds their objects.
            for id in ids { #expect(try repository.header(id).type == .blob) }
        }
    }

    /// | reader                      | who packs                          |
    /// |-----------------------------|------------------------------------|
    /// | reads an object of pack A   |                                    |
    /// |                             | writes pack B of all of it, drops A |
    /// | reads another object of A   |                                    |
    @Test(arguments: [false, true]) func readersSurviveTheRemovalOfTheirPacks(hasRead: Bool) throws {
        try withRepository { repository in
            let (head, all) = try makeHistory(repository, commits: 40)
            let objects = repository.directory + "objects"
            let first = try DeltaPacker.pack(all, heads: [head], of: repository, objects: objects)
            try removeLooseObjects(repository)
            let reader = try GitRepository(opening: repository.path)
            if hasRead { _ = try reader.commit(head) }
            _ = try? reader.header(.emptyTree)
            let second = try DeltaPacker.pack(all, heads: [], of: repository, objects: objects)
            #expect(first != second)
            for end in ["idx", "pack"] { unlink("\(first).\(end)") }
            for id in all { _ = try reader.withObject(id) { _, buffer in buffer.count } }
        }
    }

    @Test func brokenPacksAreDetected() throws {
        try withRepository { repository in
            let blob = Array("hello".utf8)
            let writer = try PackWriter(objects: repository.directory + "objects", count: 1)
            try writer.add(ObjectID(hashing: .blob, blob), .blob, blob)
            let base = try writer.finish()
            #expect(PackIndex.isIntact(base: base))
            for end in ["pack", "idx"] {
                let path = "\(base).\(end)"
                let whole = try Data(contentsOf: URL(filePath: path))
                for cut in 0..<whole.count {
                    var damaged = whole
                    if cut.isMultiple(of: 2) { damaged[cut] ^= 1 } else { damaged = damaged.prefix(cut) }
                    unlink(path)
                    try damaged.write(to: URL(filePath: path))
                    #expect(!PackIndex.isIntact(base: base), "\(end) at \(cut)")
                }
                unlink(path)
                try whole.write(to: URL(filePath: path))
            }
            #expect(PackIndex.isIntact(base: base))
        }
    }
}
