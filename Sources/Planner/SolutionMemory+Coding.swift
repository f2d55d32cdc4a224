internal import Core
internal import Foundation

/// The form of a memory on disk: a line of its own, the digest of the rest, and the rest in 32-bit numbers and texts.
///
/// A file of another form, or damaged, is as good as absent: all is solved again.
extension SolutionMemory {
    private static let form = "ciso solutions 1\n"

    /// Reads the memory of a column from a folder; an empty one where there is none that can be trusted.
    init(of key: Digest, in folder: String) {
        self.init()
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(key).solutions") else { return }
        let bytes = [UInt8](data)
        let head = Self.form.utf8.count + 64
        guard bytes.count > head, bytes.starts(with: Self.form.utf8),
            bytes[Self.form.utf8.count..<head].elementsEqual(Digest(of: bytes[head...]).hex.utf8)
        else { return }
        var reader = NumberReader(bytes: bytes, at: head)
        if let memory = SolutionMemory(&reader) { self = memory }
    }

    /// Keeps the memory of a column. What cannot be written is solved again next time.
    func keep(as key: Digest, in folder: String) {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var writer = NumberWriter()
        encode(to: &writer)
        let bytes = Array(Self.form.utf8) + Array(Digest(of: writer.bytes).hex.utf8) + writer.bytes
        try? Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(key).solutions"), options: .atomic)
    }

    private func encode(to writer: inout NumberWriter) {
        writer.write(names.texts)
        writer.write(origins)
        writer.write(packages.texts)
        writer.write(entries.keys.sorted())
        for (_, entry) in entries.sorted(by: { $0.key < $1.key }) {
            writer.write(Int32(entry.test == nil ? 1 : 2))
            for answer in [entry.answer, entry.test].compactMap(\.self) {
                writer.write(Int32(answer.isSolved ? 1 : 0))
                writer.write(answer.selection)
                writer.write(answer.examined)
                writer.write(answer.explanation)
            }
        }
    }

    private init?(_ reader: inout NumberReader) {
        guard let names = reader.texts(), let origins = reader.texts(), names.count == origins.count,
            let packages = reader.texts(), let keys = reader.texts()
        else { return nil }
        self.init(names: names, origins: origins, packages: packages)
        for key in keys {
            guard let count = reader.number(), count == 1 || count == 2,
                let answer = reader.answer(names.count, packages.count)
            else { return nil }
            var entry = Entry(answer: answer)
            if count == 2 {
                guard let test = reader.answer(names.count, packages.count) else { return nil }
                entry.test = test
            }
            add(entry, as: key)
        }
    }
}

private struct NumberWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: Int32) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ numbers: [Int32]) {
        write(Int32(numbers.count))
        for number in numbers { write(number) }
    }

    mutating func write(_ text: String) {
        write(Int32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(_ texts: [String]) {
        write(Int32(texts.count))
        for text in texts { write(text) }
    }
}

private struct NumberReader {
    let bytes: [UInt8]
    var at: Int

    mutating func number() -> Int32? {
        guard at + 4 <= bytes.count else { return nil }
        defer { at += 4 }
        return bytes.withUnsafeBytes { Int32(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Int32.self)) }
    }

    /// Numbers below `limit`.
    mutating func numbers(below limit: Int) -> [Int32]? {
        guard let count = number(), count >= 0, at + 4 * Int(count) <= bytes.count else { return nil }
        let found = bytes.withUnsafeBytes { raw in
            (0..<Int(count)).map { Int32(littleEndian: raw.loadUnaligned(fromByteOffset: at + 4 * $0, as: Int32.self)) }
        }
        at += 4 * Int(count)
        return found.allSatisfy { $0 >= 0 && $0 < limit } ? found : nil
    }

    mutating func text() -> String? {
        guard let count = number(), count >= 0, at + Int(count) <= bytes.count else { return nil }
        defer { at += Int(count) }
        return String(decoding: bytes[at..<at + Int(count)], as: UTF8.self)
    }

    mutating func texts() -> [String]? {
        guard let count = number(), count >= 0, Int(count) <= bytes.count else { return nil }
        var found: [String] = []
        for _ in 0..<count {
            guard let text = text() else { return nil }
            found.append(text)
        }
        return found
    }

    mutating func answer(_ names: Int, _ packages: Int) -> SolutionMemory.Answer? {
        guard let isSolved = number(), let selection = numbers(below: packages), let examined = numbers(below: names),
            let explanation = text()
        else { return nil }
        return SolutionMemory.Answer(
            isSolved: isSolved == 1, selection: selection, examined: examined, explanation: explanation)
    }
}
