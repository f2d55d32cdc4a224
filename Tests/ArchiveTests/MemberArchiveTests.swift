import Archive
import Core
import Foundation
import TestSupport
import Testing

@Suite struct ZstandardTests {
    @Test(arguments: [0, 1, 2, 1000, 131_071, 131_072, 131_073, 3_000_000])
    func compressionRoundTrips(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        for level in [1, 3, 19] where level < 19 || count < 200_000 {
            #expect(try Zstandard.decompress(Zstandard.compress(bytes, level: level)) == bytes, "level \(level)")
        }
    }

    @Test func incompressibleContentsFit() throws {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<500_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        #expect(try Zstandard.decompress(Zstandard.compress(bytes)) == bytes)
    }

    @Test func bombsAndGarbageAreRefused() throws {
        let bomb = try Zstandard.compress([UInt8](repeating: 0, count: 10_000_000))
        #expect(throws: ArchiveError.self) { try Zstandard.decompress(bomb, limit: 1000) }
        #expect(throws: ArchiveError.self) { try Zstandard.decompress(Array("plain text".utf8)) }
        #expect(throws: ArchiveError.self) { try Zstandard.decompress(bomb.dropLast(7)) }
    }
}

@Suite struct MemberArchiveTests {
    let directory: TemporaryDirectory
    let archive: MemberArchive

    init() throws {
        directory = try TemporaryDirectory()
        archive = MemberArchive(path: directory("logs"))
    }

    private func text(_ number: Int) -> [UInt8] {
        Array(String(repeating: "line \(number) of a log\n", count: number % 50 * 20).utf8)
    }

    @Test func everyMemberIsReadOnItsOwn() throws {
        for batch in 0..<5 {
            try archive.append((0..<40).map { ("log\(batch * 40 + $0)", text(batch * 40 + $0)) })
        }
        let locations = try archive.locations()
        #expect(locations.count == 200)
        for number in 0..<200 {
            #expect(try archive.read("log\(number)") == text(number), "log\(number)")
        }
        let raw = (0..<200).map { text($0).count }.reduce(0, +)
        let size = try FileManager.default.attributesOfItem(atPath: archive.path)[.size] as? Int ?? 0
        #expect(size < raw / 20, "\(size) bytes for \(raw)")
        #expect(throws: ArchiveError.self) { try archive.read("log200") }
    }

    /// Every possible moment of death of a writer: after each byte of the data, and after each byte of the index.
    @Test func remainsOfAKilledWriterAreOverwritten() throws {
        try archive.append([("first", text(11))])
        let files = [archive.path, archive.path + ".index"]
        let before = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        try archive.append([("second", text(22))])
        let after = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        let moments =
            (before[0].count...after[0].count).map { ($0, before[1].count) }
            + (before[1].count..<after[1].count).map { (after[0].count, $0) }
        for (dataEnd, indexEnd) in moments {
            try after[0].prefix(dataEnd).write(to: URL(fileURLWithPath: files[0]))
            try after[1].prefix(indexEnd).write(to: URL(fileURLWithPath: files[1]))
            #expect(try archive.locations().keys.sorted() == ["first"])
            try archive.append([("third", text(33))])
            #expect(try archive.read("first") == text(11))
            #expect(try archive.read("third") == text(33))
        }
    }

    @Test func severalWritersLoseNothing() async throws {
        let archive = archive
        await withTaskGroup { group in
            for writer in 0..<6 {
                group.addTask {
                    for number in 0..<10 {
                        try? archive.append([("w\(writer)-\(number)", Array("\(writer) \(number)".utf8))])
                    }
                }
            }
        }
        #expect(try archive.locations().count == 60)
        #expect(try archive.read("w3-7") == Array("3 7".utf8))
    }

    @Test(arguments: ["", "a b", "a\nb"]) func namesThatTheIndexCannotHoldAreRefused(name: String) {
        #expect(throws: ArchiveError.self) { try archive.append([(name, [])]) }
    }

    @Test func emptyMembersAreMembers() throws {
        try archive.append([("empty", []), ("x", [1]), ("also", [])])
        #expect(try archive.read("empty").isEmpty)
        #expect(try archive.read("x") == [1])
    }
}
