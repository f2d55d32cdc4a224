import TestSupport
import Testing

@testable import Worker

/// The notes in which Solo5 records the target of an image, as files of a few bytes.
@Suite struct UnikernelImageTests {
    private static func words(_ numbers: UInt32...) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    }

    private static let name = Array("Solo5\0\0\0".utf8)

    private static func abi(_ target: UInt32, _ version: UInt32) -> [UInt8] {
        words(6, 16, 0x3149_4241) + name + words(target, version, 0, 0)
    }

    /// A manifest as `solo5-elftool gen-manifest` writes it: the first entry is reserved.
    private static func manifest(_ devices: [(name: String, type: UInt32)]) -> [UInt8] {
        let entries = [(name: "", type: 1 << 30)] + devices
        let bytes = entries.flatMap { entry -> [UInt8] in
            let name = Array(entry.name.utf8)
            return name + Array(repeating: 0, count: 68 - name.count) + words(entry.type)
                + Array(repeating: 0, count: 32)
        }
        let contents = words(0, 1, UInt32(entries.count)) + bytes
        return words(6, UInt32(contents.count), 0x3154_464D) + name + contents
    }

    /// An ELF file with a segment of notes for each of `segments`.
    private static func file(_ segments: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + Array(repeating: 0, count: 57)
        bytes[32] = 64
        bytes[54] = 56
        bytes[56] = UInt8(segments.count)
        var offset = UInt32(64 + 56 * segments.count)
        for segment in segments {
            let size = UInt32(segment.count)
            bytes += words(4, 4, offset, 0, 0, 0, 0, 0, size, 0, size, 0, 4, 0)
            offset += size
        }
        return bytes + segments.joined()
    }

    @Test(arguments: [(1, "hvt"), (2, "spt"), (3, "virtio"), (4, "muen"), (5, "genode"), (6, "xen")])
    func theNoteNamesTheTarget(number: Int, name: String) throws {
        let image = try UnikernelImage(Self.file([Self.abi(UInt32(number), 2)]))
        #expect(image.abi?.target == name)
        #expect(image.abi?.version == 2)
        #expect(image.devices == nil)
    }

    @Test func theManifestNamesTheDevices() throws {
        let manifest = Self.manifest([("service", 2), ("disk", 1)])
        let apart = try UnikernelImage(Self.file([Self.abi(2, 2), manifest]))
        #expect(apart.devices == ["net:service", "block:disk"])
        #expect(apart.abi?.target == "spt")
        // The linker puts them into one segment, the second at a multiple of eight.
        let together = try UnikernelImage(Self.file([Self.abi(2, 2) + [0, 0, 0, 0] + manifest]))
        #expect(together.devices == apart.devices)
        #expect(try UnikernelImage(Self.file([Self.manifest([])])).devices == [])
    }

    @Test func filesWithoutTheNotesSaySo() throws {
        #expect(try UnikernelImage(Self.file([])).abi == nil)
        let other = Self.words(4, 16, 3) + Array("GNU\0".utf8) + Array(repeating: 7, count: 16)
        #expect(try UnikernelImage(Self.file([other])).abi == nil)
        #expect(throws: UnikernelImage.Malformed.self) { try UnikernelImage(Array("#!/bin/sh\n".utf8)) }
        #expect(throws: UnikernelImage.Malformed.self) { try UnikernelImage([]) }
        #expect(throws: UnikernelImage.Malformed.self) { try UnikernelImage(Self.file([Self.abi(0, 2)])) }
        #expect(throws: UnikernelImage.Malformed.self) { try UnikernelImage(Self.file([Self.abi(7, 2)])) }
    }

    /// A build may leave any bytes: no beginning of a file, and no file with changed bytes, is more than malformed.
    @Test func damagedFilesAreMalformedAtWorst() throws {
        let whole = Self.file([Self.abi(2, 2), Self.manifest([("service", 2)])])
        for count in 0..<whole.count {
            #expect(throws: UnikernelImage.Malformed.self) { try UnikernelImage(Array(whole.prefix(count))) }
        }
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            }
            let image = try? UnikernelImage(bytes)
            #expect((image?.devices?.count ?? 0) <= 64, "seed \(seed)")
        }
    }
}
