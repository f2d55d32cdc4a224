import Foundation
import Git
import TestSupport
import Testing

struct ObjectFileTests {
    /// Sizes around the values at which a pack's size field grows by a byte, and a large one.
    private let sizes = [0, 1, 15, 16, 2047, 2048, 262_143, 262_144]

    @Test func stockGitReadsOurPacks() throws {
        try withRepository { repository in
            let blobs = sizes.map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) } }
            let ids = blobs.map { ObjectID(hashing: .blob, $0) }
            let writer = try PackWriter(objects: repository.directory + "objects", count: blobs.count)
            for (id, bytes) in zip(ids, blobs) {
                try writer.add(id, .blob, bytes)
                try writer.add(id, .blob, bytes)
            }
            try writer.finish()
            #expect(try git("fsck", "--full", at: repository.path).contains("dangling"))
            for (id, bytes) in zip(ids, blobs) {
                #expect(try git("cat-file", "-s", id.hex, at: repository.path) == "\(bytes.count)")
                #expect(try repository.blob(id) == bytes)
            }
            let packs = try FileManager.default.contentsOfDirectory(atPath: repository.directory + "objects/pack")
            #expect(packs.count == 2 && packs.allSatisfy { $0.hasPrefix("pack-") })
            for pack in packs where pack.hasSuffix(".idx") {
                _ = try git("verify-pack", repository.directory + "objects/pack/" + pack, at: repository.path)
            }
        }
    }

    /// zlib itself reads data stored without it, whatever the number of blocks.
    @Test(arguments: [0, 1, 2, 65_534, 65_535, 65_536, 131_070, 131_071, 300_000])
    func storedObjectsAreZlibStreams(size: Int) {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 8) }
        let prefix: [UInt8] = [1, 2, 3]
        let contents = stored(bytes, after: prefix)
        #expect(contents.starts(with: prefix))
        #expect(inflate(Array(contents.dropFirst(prefix.count))) == bytes)
        var damaged = contents
        damaged[damaged.count - 1] ^= 1
        #expect(inflate(Array(damaged.dropFirst(prefix.count))) == nil, "the checksum is checked")
    }

    /// A handle that was opened before there were any loose objects reads later ones.
    @Test func looseObjectsThatComeLaterAreRead() throws {
        try withRepository { repository in
            repository.readsLooseObjectsItself = true
            let bytes = Array("later".utf8)
            let id = ObjectID(hashing: .blob, bytes)
            #expect(throws: GitError.self) { try repository.blob(id) }
            let directory = repository.directory + "objects/" + id.hex.prefix(2)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try LooseObjects(directory: repository.directory + "objects").write(id, .blob, bytes)
            #expect(try repository.blob(id) == bytes)
        }
    }

    /// The pack of many objects at once is that of one after the other, byte for byte.
    @Test func objectsThatAreCompressedTogether() throws {
        let kinds: [PackWriter.Compression] = [.none, .fast, .small]
        let objects = (0..<9_000).map { number in
            let bytes =
                Array("\(number) ".utf8) + Array(repeating: UInt8(truncatingIfNeeded: number), count: number % 90)
            return (id: ObjectID(hashing: .blob, bytes), bytes: bytes, compression: kinds[number % 3])
        }
        try withRepository { repository in
            for isTogether in [false, true] {
                let writer = try PackWriter(objects: repository.directory + "objects", count: objects.count)
                if isTogether {
                    try writer.add(
                        objects.map { PackWriter.Object($0.id, .blob, $0.bytes, compression: $0.compression) })
                } else {
                    for (id, bytes, compression) in objects {
                        try writer.add(id, .blob, bytes, compression: compression)
                    }
                }
                try writer.finish()
            }
            let packs = try FileManager.default.contentsOfDirectory(atPath: repository.directory + "objects/pack")
            #expect(packs.count == 2, "they have one name")
            #expect(try git("count-objects", "-v", at: repository.path).contains("in-pack: \(objects.count)"))
            #expect(try !git("fsck", "--full", at: repository.path).contains("error"))
        }
    }

    @Test func anUnfinishedPackLeavesNothing() throws {
        try withRepository { repository in
            do {
                let writer = try PackWriter(objects: repository.directory + "objects", count: 2)
                try writer.add(ObjectID(hashing: .blob, [1]), .blob, [1])
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: repository.directory + "objects/pack")
            #expect(left == [])
        }
    }

    @Test func stockGitReadsOurLooseObjects() throws {
        try withRepository { repository in
            let writer = LooseObjects(directory: repository.directory + "objects")
            for size in sizes {
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                let id = ObjectID(hashing: .blob, bytes)
                try writer.write(id, .blob, bytes)
                try writer.write(id, .blob, bytes)
                #expect(try repository.write(.blob, bytes) == id)
                #expect(try git("cat-file", "-s", id.hex, at: repository.path) == "\(size)")
            }
            let tree = Tree([TreeEntry(name: "x", kind: .file, id: ObjectID(hashing: .blob, []))])
            try writer.write(ObjectID(hashing: .tree, tree.bytes), .tree, tree.bytes)
            #expect(try git("fsck", "--full", "--strict", at: repository.path).contains("dangling tree"))
        }
    }
}
