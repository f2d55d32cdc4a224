import Archive
import Foundation
import System
import TestSupport
import Testing

/// Laws over trees and archives made at random; the seed is in every message.
@Suite struct ArchiveLawTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A tree of files, directories, links and hard links with names and modes of many kinds.
    private func makeTree(_ path: String, _ random: inout SeededGenerator) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        var directories = [path]
        var files: [String] = []
        for number in 0..<Int.random(in: 1...40, using: &random) {
            let letters = ["a", "B", "é", " ", ".", "-", "日", "x", "\\", "'", "\n"].shuffled(using: &random).prefix(4)
            let parent = directories.randomElement(using: &random) ?? path
            let name = "\(parent)/\(letters.joined())\(number)"
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                try manager.createDirectory(atPath: name, withIntermediateDirectories: false)
                directories.append(name)
            case 1: try manager.createSymbolicLink(atPath: name, withDestinationPath: "nowhere\(number)")
            case 2 where !files.isEmpty:
                try manager.linkItem(atPath: files.randomElement(using: &random) ?? "", toPath: name)
            default:
                let count = [0, 1, 511, 512, 513, 140_000].randomElement(using: &random) ?? 0
                let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                try Data(bytes).write(to: URL(fileURLWithPath: name))
                chmod(name, [0o644, 0o755, 0o600, 0o444].randomElement(using: &random) ?? 0o644)
                files.append(name)
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func packingWhatWasUnpackedGivesTheSameBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try makeTree(directory("t"), &random)
        let first = try Packing().pack(directory("t"), to: directory("1.tar.zst"))
        let unpacked = try Extraction().extract(directory("1.tar.zst"), to: directory("u"))
        let second = try Packing().pack(directory("u"), to: directory("2.tar.zst"))
        #expect(first == second, "seed \(seed)")
        #expect(unpacked.entries == first.entries, "seed \(seed)")
        let bytes = try ["1", "2"].map { try Data(contentsOf: URL(fileURLWithPath: directory("\($0).tar.zst"))) }
        #expect(bytes[0] == bytes[1], "seed \(seed)")
    }

    /// An archive of any bytes is unpacked or rejected, and a rejection leaves no files.
    @Test(arguments: 0..<8 as Range<UInt64>) func changedBytesNeverCrashAndNeverLeaveHalf(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &+ 1000)
        try makeTree(directory("t"), &random)
        _ = try Packing().pack(directory("t"), to: directory("a.tar.zst"))
        let descriptor = open(directory("a.tar"), O_WRONLY | O_CREAT, 0o600)
        try expand(directory("a.tar.zst"), to: descriptor)
        close(descriptor)
        let name = seed % 2 == 0 ? "a.tar" : "a.tar.zst"
        let sound = try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory(name))))
        for round in 0..<40 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: directory("changed")))
            let limits = TreeLimits(bytes: 64 << 20, entries: 1000)
            let wasRefused = (try? Extraction(limits: limits).extract(directory("changed"), to: directory("u"))) == nil
            #expect(
                FileManager.default.fileExists(atPath: directory("u")) != wasRefused, "seed \(seed), round \(round)")
            removeTree(directory("u"))
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            #expect(left == ["a.tar", "a.tar.zst", "changed", "t"], "seed \(seed), round \(round)")
        }
    }
}
