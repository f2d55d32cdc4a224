internal import Core
internal import Git
internal import Glibc
internal import Model
internal import System

/// The file format of an index: a header, then sections of rows and texts, each aligned to eight bytes.
///
/// Everything except the history is verified when the file is opened; rows of the history are verified when they are
/// read.
enum IndexFile {
    private static let magic = Array("ciso index\n".utf8)
    private static let sectionCount = 10
    /// Magic number, checksum, and offset and length of each section.
    private static let headerSize = 16 + 8 + sectionCount * 16

    /// Identifies the layout of rows in this build; a build with another layout rebuilds the index.
    private static let layout: String = {
        let cases =
            Outcome.allCases.map(\.rawValue) + Phase.allCases.map(\.rawValue) + ResultChange.allCases.map(\.rawValue)
            + UnsolvableCause.Class.allCases.map(\.rawValue)
        let sizes = [
            MemoryLayout<IndexedCell>.stride, MemoryLayout<IndexedRecord>.stride, MemoryLayout<HistoryRow>.stride,
        ]
        return "4 \(sizes) \(cases.joined(separator: " "))"
    }()

    // MARK: Reading

    /// Reads the index of a deployment; nil if the file is missing, damaged, or of another layout or deployment.
    static func read(_ path: String, of deployment: String) -> IndexContents? {
        guard let file = MappedFile(path), let sections = sections(of: file.bytes),
            case let head = Head(sections[0]), head.layout == layout, head.deployment == deployment,
            let texts = InternedTexts(file, Array(sections[1...3])),
            let names = InternedTexts(file, Array(sections[4...6])),
            sections[7].count % MemoryLayout<IndexedCell>.stride == 0,
            sections[9].count % MemoryLayout<HistoryRow>.stride == 0
        else { return nil }
        let cells = IndexedCells(file, sections[7])
        let order = Array(sections[8].bindMemory(to: UInt32.self))
        guard cells.count == names.count - 1, order.count == cells.count else { return nil }
        return IndexContents(
            of: deployment, plan: head.plan, tips: head.tips, texts: texts, names: names, cells: cells, order: order,
            history: HistoryRows(file, sections[9]))
    }

    private static func sections(of bytes: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer]? {
        guard bytes.count >= headerSize, bytes.starts(with: magic) else { return nil }
        func word(_ index: Int) -> Int? {
            Int(exactly: bytes.loadUnaligned(fromByteOffset: 16 + index * 8, as: UInt64.self))
        }
        var sections: [UnsafeRawBufferPointer] = []
        for number in 0..<sectionCount {
            guard let start = word(1 + 2 * number), let count = word(2 + 2 * number), start >= headerSize,
                start % 8 == 0, count >= 0, start <= bytes.count, count <= bytes.count - start
            else { return nil }
            sections.append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[24..<headerSize])
        guard word(0) == checksum(header, sections.dropLast()) else { return nil }
        return sections
    }

    private static func checksum(
        _ header: UnsafeRawBufferPointer, _ sections: some Sequence<UnsafeRawBufferPointer>
    ) -> Int {
        var sum = Checksum()
        for section in sections { sum.add(section) }
        return number(of: sum, and: header)
    }

    /// The highest bit is cleared to make the number positive.
    private static func number(of sections: Checksum, and header: UnsafeRawBufferPointer) -> Int {
        var sum = sections
        sum.add(header)
        return Int(sum.value >> 1)
    }

    // MARK: Writing

    /// Writes an index to a temporary file and renames it.
    ///
    /// - Throws: `SystemError` if writing fails.
    static func write(_ contents: IndexContents, to path: String) throws {
        let aside = try AtomicFile<SystemError>(replacing: path)
        var writer = SectionWriter(start: headerSize)
        try Array(head(of: contents).utf8).withUnsafeBytes { bytes in
            try writer.add(bytes, to: aside.file)
        }
        try contents.texts.forEachSection { bytes in try writer.add(bytes, to: aside.file) }
        try contents.names.forEachSection { bytes in try writer.add(bytes, to: aside.file) }
        try contents.cells.withUnsafeBytes { bytes in try writer.add(bytes, to: aside.file) }
        try contents.order.withUnsafeBytes { bytes in try writer.add(bytes, to: aside.file) }
        try contents.history.forEachPiece { bytes in try writer.addUnchecked(bytes, to: aside.file) }
        try aside.file.write(magic + [UInt8](repeating: 0, count: 16 - magic.count) + writer.header, at: 0)
        try aside.commit(.none)
    }

    /// The first section: deployment, plan and tips, one per line.
    private static func head(of contents: IndexContents) -> String {
        let tips = contents.tips.sorted { $0.key < $1.key }.map { "tip \($0.value) \($0.key)\n" }.joined()
        return "layout \(layout)\ndeployment \(contents.deployment)\n"
            + (contents.plan.map { "plan \($0)\n" } ?? "") + tips
    }

    private struct Head {
        var (layout, deployment) = ("", "")
        var plan: ObjectID?
        var tips: [String: ObjectID] = [:]

        init(_ bytes: UnsafeRawBufferPointer) {
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                guard words.count == 2 else { continue }
                switch words[0] {
                case "layout": layout = words[1]
                case "deployment": deployment = words[1]
                case "plan": plan = ObjectID(hex: words[1])
                case "tip":
                    let tip = words[1].split(separator: " ", maxSplits: 1).map(String.init)
                    if tip.count == 2 { tips[tip[1]] = ObjectID(hex: tip[0]) }
                default: break
                }
            }
        }
    }

    /// Writes consecutive sections and records their positions.
    private struct SectionWriter {
        private var position: Int
        private var ranges: [(start: Int, count: Int)] = []
        private var sum = Checksum()

        init(start: Int) { position = start }

        /// Writes a section that is covered by the checksum.
        mutating func add(
            _ bytes: UnsafeRawBufferPointer, to file: borrowing OpenFile<SystemError>
        ) throws(SystemError) {
            position = (position + 7) / 8 * 8
            ranges.append((position, bytes.count))
            sum.add(bytes)
            try write(bytes, to: file)
        }

        /// Writes a piece of the last section, whose rows have their own checksums.
        mutating func addUnchecked(
            _ bytes: UnsafeRawBufferPointer, to file: borrowing OpenFile<SystemError>
        ) throws(SystemError) {
            if ranges.count < sectionCount {
                position = (position + 7) / 8 * 8
                ranges.append((position, 0))
            }
            ranges[sectionCount - 1].count += bytes.count
            try write(bytes, to: file)
        }

        private mutating func write(
            _ bytes: UnsafeRawBufferPointer, to file: borrowing OpenFile<SystemError>
        ) throws(SystemError) {
            try file.write(bytes, at: position)
            position += bytes.count
        }

        /// The header, with the checksum and the positions of the sections.
        var header: [UInt8] {
            let words = ranges.flatMap { [UInt64($0.start), UInt64($0.count)] }
            let sum = words.withUnsafeBytes { UInt64(IndexFile.number(of: self.sum, and: $0)) }
            return ([sum] + words).withUnsafeBytes(Array.init)
        }
    }
}
