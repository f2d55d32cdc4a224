import Foundation
import Git
import TestSupport
import Testing

struct RecycledFilesTests {
    private let rest: UInt32 = 60_000

    /// A directory with an empty pool and a file of the given size.
    private func withPool(
        after threshold: Int = 0, rest: Int = 50, _ body: (RecycledFiles, _ directory: String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        try await body(
            RecycledFiles(directory: directory.path + "/spare", after: threshold, minimumAge: rest), directory.path)
    }

    /// A process that another test starts has each open file of this one until it executes its program, and a file that
    /// is open is passed over.
    private func take(_ kind: RecycledFiles.Kind, from pool: RecycledFiles) async throws -> RecycledFiles.Spare {
        var spare: RecycledFiles.Spare?
        try await waitUntil("a file is given") {
            spare = pool.take(kind, size: 1)
            return spare != nil
        }
        return try #require(spare)
    }

    private func makeFile(_ path: String, size: Int = 100, mode: mode_t = 0o444) throws {
        try Data(repeating: 1, count: size).write(to: URL(filePath: path))
        chmod(path, mode)
    }

    private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test func aFileIsGivenOnceAndAfterARest() async throws {
        try await withPool(rest: 3_600_000) { pool, directory in
            try makeFile(directory + "/a")
            pool.move([(directory + "/a", .pack)], from: directory)
            #expect(!isThere(directory + "/a"))
            usleep(rest)
            #expect(pool.take(.pack, size: 1) == nil, "it has not rested")
        }
        try await withPool { pool, directory in
            try makeFile(directory + "/a")
            pool.move([(directory + "/a", .pack)], from: directory)
            #expect(!isThere(directory + "/a"))
            usleep(rest)
            #expect(pool.take(.index, size: 1) == nil, "it is of another kind")
            let spare = try await take(.pack, from: pool)
            #expect(spare.size == 100 && isThere(spare.path))
            #expect(pool.take(.pack, size: 1) == nil)
            #expect(write(spare.descriptor, "new", 3) == 3)
            close(spare.descriptor)
        }
    }

    @Test func filesInUseAreNotRecycled() async throws {
        try await withPool { pool, directory in
            try makeFile(directory + "/a")
            let reader = open(directory + "/a", O_RDONLY)
            let map = mmap(nil, 100, PROT_READ, MAP_SHARED, reader, 0)
            pool.move([(directory + "/a", .pack)], from: directory)
            usleep(rest)
            #expect(pool.take(.pack, size: 1) == nil)
            close(reader)
            #expect(pool.take(.pack, size: 1) == nil, "it is still mapped")
            munmap(map, 100)
            let spare = try await take(.pack, from: pool)
            close(spare.descriptor)
        }
    }

    @Test func filesWithSeveralNamesAreNotRecycled() async throws {
        try await withPool { pool, directory in
            // Like the packs of a clone on the same disk.
            try makeFile(directory + "/a")
            try makeFile(directory + "/b")
            link(directory + "/a", directory + "/clone-a")
            pool.move([(directory + "/a", .pack), (directory + "/b", .pack)], from: directory)
            let kept = try FileManager.default.contentsOfDirectory(atPath: directory + "/spare")
            #expect(kept.count == 1 && isThere(directory + "/clone-a"))
            link("\(directory)/spare/\(kept[0])", directory + "/clone-b")
            usleep(rest)
            #expect(pool.take(.pack, size: 1) == nil)
            #expect(try Data(contentsOf: URL(filePath: directory + "/clone-b")) == Data(repeating: 1, count: 100))
        }
    }

    @Test func aLinkBecomesAFileOnceItsFirstNameIsAnothers() async throws {
        try await withPool { pool, directory in
            try makeFile(directory + "/reference", mode: 0o644)
            try makeFile(directory + "/next", mode: 0o644)
            let second = try #require(pool.link(directory + "/reference", .reference))
            #expect(rename(directory + "/next", directory + "/reference") == 0)
            pool.add(second, .reference)
            usleep(rest)
            let spare = try await take(.reference, from: pool)
            #expect(spare.path == second)
            close(spare.descriptor)
            // A file that still has its first name is never reused.
            let third = try #require(pool.link(directory + "/reference", .reference))
            pool.add(third, .reference)
            usleep(rest)
            #expect(pool.take(.reference, size: 1) == nil)
            #expect(isThere(directory + "/reference"))
        }
    }

    @Test func littleIsKept() async throws {
        try await withPool(after: 3) { pool, directory in
            func give(_ name: String, size: Int = 1) throws -> Bool {
                try makeFile("\(directory)/\(name)", size: size)
                let before = try? FileManager.default.contentsOfDirectory(atPath: directory + "/spare").count
                pool.move([("\(directory)/\(name)", .index)], from: directory)
                #expect(!isThere("\(directory)/\(name)"))
                return try FileManager.default.contentsOfDirectory(atPath: directory + "/spare").count != before ?? 0
            }
            try FileManager.default.createDirectory(atPath: directory + "/spare", withIntermediateDirectories: true)
            #expect(try !give("before"), "nobody wanted three files yet")
            for _ in 0..<3 { #expect(pool.take(.index, size: 1) == nil) }
            #expect(try give("small"))
            #expect(try !give("large", size: RecycledFiles.largest + 1))
            for number in 0..<400 { _ = try give("\(number)") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/spare").count == 256)
        }
    }

    /// A process started by another test has all open files of this one until it executes its program: a file that is
    /// skipped for this reason is not an error, so the test is repeated.
    @Test func gitReadsRecycledPacks() throws {
        var kept = 0
        for _ in 0..<5 where kept != 2 { kept = try filesKeptAfterFourPacks() }
        #expect(kept == 2, "the same two files all the time")
    }

    private func filesKeptAfterFourPacks() throws -> Int {
        var count = 0
        try withRepository { repository in
            let objects = repository.directory + "objects"
            let pool = RecycledFiles(directory: repository.directory + "spare", after: 0)
            // Shorter than the old contents, and longer.
            for size in [5_000, 300, 20_000, 10] {
                let blobs = (0..<3).map { number in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* (number + 7)) } }
                let writer = try PackWriter(objects: objects, count: 3, spares: pool)
                for blob in blobs { try writer.add(ObjectID(hashing: .blob, blob), .blob, blob, compression: .none) }
                let base = try writer.finish(PackWriter.Finish(isDurable: false))
                #expect(PackIndex.isIntact(base: base) && PackIndex.count(base: base) == 3)
                for blob in blobs {
                    #expect(
                        try git("cat-file", "-s", ObjectID(hashing: .blob, blob).hex, at: repository.path) == "\(size)")
                }
                #expect(try git("fsck", "--full", at: repository.path).split(separator: "\n").count == 3)
                pool.move([("\(base).idx", .index), ("\(base).pack", .pack)], from: objects + "/pack")
                usleep(rest)
            }
            count = try FileManager.default.contentsOfDirectory(atPath: repository.directory + "spare").count
        }
        return count
    }
}
