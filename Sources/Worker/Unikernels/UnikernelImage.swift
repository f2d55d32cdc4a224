internal import Core
internal import Model

/// An ELF executable with the notes in which Solo5 records its target.
///
/// The formats are defined by Solo5's `elf_abi.h` and `mft_abi.h`. No number in the file is trusted.
struct UnikernelImage {
    /// The problem with a malformed file.
    struct Malformed: Error, CustomStringConvertible {
        var description: String
    }

    /// The maximum number of devices in a manifest.
    private static let deviceLimit = 64
    /// Targets of the ABI, in the order of their numbers from 1.
    private static let targets = ["hvt", "spt", "virtio", "muen", "genode", "xen"]

    /// The target of the image in Solo5's terms; nil if the image does not contain it.
    private(set) var abi: (target: String, version: Int)?
    /// `net:NAME` and `block:NAME`, in the order of the manifest; nil if there is no manifest.
    private(set) var devices: [String]?

    /// - Throws: `Malformed` if the bytes are not a little-endian 64-bit ELF file, or the notes are inconsistent.
    init(_ bytes: [UInt8]) throws(Malformed) {
        let reader = LittleEndianReader(bytes)
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
            throw Malformed(description: "it is no ELF file")
        }
        guard bytes.count >= 64, bytes[4] == 2, bytes[5] == 1, let headers = reader.word64(32),
            let size = reader.word16(54), let count = reader.word16(56)
        else { throw Malformed(description: "it is no complete 64-bit ELF file with little-endian numbers") }
        for number in 0..<count {
            let (header, isTooLarge) = headers.addingReportingOverflow(number * size)
            guard !isTooLarge, let type = reader.word32(header), let offset = reader.word64(header + 8),
                let length = reader.word64(header + 32)
            else { throw Malformed(description: "its program headers are outside of the file") }
            guard type == 4 else { continue }
            guard offset <= bytes.count, length <= bytes.count - offset else {
                throw Malformed(description: "a segment with notes is outside of the file")
            }
            try readNotes(reader, offset..<offset + length)
        }
    }

    /// Reads the notes of a segment. Solo5 aligns some to eight bytes, others to four: zeros between them are skipped.
    private mutating func readNotes(_ reader: LittleEndianReader, _ segment: Range<Int>) throws(Malformed) {
        var offset = segment.lowerBound
        while offset + 12 <= segment.upperBound, let nameSize = reader.word32(offset),
            let size = reader.word32(offset + 4), let type = reader.word32(offset + 8)
        {
            guard nameSize > 0 else {
                offset += 4
                continue
            }
            let contents = offset + 12 + (nameSize + 3) / 4 * 4
            guard contents <= segment.upperBound, size <= segment.upperBound - contents else {
                throw Malformed(description: "a note is longer than its segment")
            }
            if reader.bytes[(offset + 12)..<(offset + 12 + min(nameSize, 6))].elementsEqual("Solo5\0".utf8) {
                if type == 0x3149_4241 { try readABI(reader, contents, size) }
                if type == 0x3154_464D { try readManifest(reader, contents, size) }
            }
            offset = contents + (size + 3) / 4 * 4
        }
    }

    private mutating func readABI(_ reader: LittleEndianReader, _ offset: Int, _ size: Int) throws(Malformed) {
        guard size >= 8, let target = reader.word32(offset), let version = reader.word32(offset + 4) else {
            throw Malformed(description: "its note of the ABI is too short")
        }
        guard (1...Self.targets.count).contains(target) else {
            throw Malformed(description: "its note of the ABI names the unknown target \(target)")
        }
        abi = (Self.targets[target - 1], version)
    }

    /// The size of an entry: a name of 68 bytes, the type, 16 bytes of properties, 8 and 8 bytes used only by tenders.
    private static let entrySize = 104

    private mutating func readManifest(_ reader: LittleEndianReader, _ start: Int, _ size: Int) throws(Malformed) {
        // The structure is aligned to eight bytes, and begins four bytes after the header of the note.
        let offset = size % 8 == 4 ? start + 4 : start
        guard size >= 8, let version = reader.word32(offset), let count = reader.word32(offset + 4) else {
            throw Malformed(description: "its manifest is too short")
        }
        guard version == 1, count <= Self.deviceLimit, offset + 8 + count * Self.entrySize <= start + size else {
            throw Malformed(description: "its manifest is none of version 1, or has not the entries that it counts")
        }
        var devices: [String] = []
        for number in 0..<count {
            let entry = offset + 8 + number * Self.entrySize
            guard let type = reader.word32(entry + 68), entry + 68 <= reader.bytes.count else {
                throw Malformed(description: "its manifest is outside of the file")
            }
            // The first entry is reserved.
            guard type < 1 << 30 else { continue }
            let name = String(decoding: reader.bytes[entry..<entry + 68].prefix { $0 != 0 }, as: UTF8.self)
            guard let kind = [1: "block", 2: "net"][type] else {
                throw Malformed(description: "its manifest has a device of the unknown type \(type)")
            }
            devices.append("\(kind):\(name.displayableOnOneLine)")
        }
        self.devices = devices
    }
}

/// Reads numbers from bytes; nil for positions outside of them, and for numbers greater than any offset.
private struct LittleEndianReader {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func word16(_ offset: Int) -> Int? { number(offset, 2) }
    func word32(_ offset: Int) -> Int? { number(offset, 4) }

    func word64(_ offset: Int) -> Int? {
        guard let high = number(offset + 4, 4), high < 1 << 24, let low = number(offset, 4) else { return nil }
        return high << 32 | low
    }

    private func number(_ offset: Int, _ size: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        return (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}
