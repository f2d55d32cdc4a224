internal import Core
internal import Foundation
package import Git

/// The form of a memory on disk: a line of its own, the digest of the rest, and the rest, arrays as the machine has
/// them, so that reading is copying.
///
/// A file is named by the tree of the plan that it belongs to, which is in it too. One of another form, made by another
/// program, or damaged, is as good as absent: all is planned again.
extension IncrementalState {
    private static let form = "ciso plan memory 3\n"
    /// Changes with the order of bytes.
    private static let signature: Int32 = 0x0C15_0001
    /// Memories that are kept; the ones written first go first.
    private static let capacity = 8
    private static let suffix = ".plan"

    /// Reads the memory of the plan with this tree; nil where there is none that can be trusted.
    package init?(of tree: ObjectID, in folder: String) {
        let file = URL(fileURLWithPath: "\(folder)/\(tree)\(Self.suffix)")
        guard let data = try? Data(contentsOf: file, options: .alwaysMapped) else { return nil }
        let memory = data.withUnsafeBytes { bytes -> IncrementalState? in
            let head = Self.form.utf8.count + 64
            guard bytes.count > head, bytes.starts(with: Self.form.utf8) else { return nil }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[head...])
            guard bytes[Self.form.utf8.count..<head].elementsEqual(Digest(of: payload).hex.utf8) else { return nil }
            var reader = FlatReader(bytes: payload)
            guard reader.numbers() == [Self.signature], reader.text() == tree.hex,
                reader.text() == Self.program
            else { return nil }
            return IncrementalState(&reader)
        }
        guard let memory else { return nil }
        self = memory
    }

    /// Keeps the memory of the plan with this tree. What cannot be written is planned again next time.
    package func keep(of tree: ObjectID, in folder: String) {
        var writer = FlatWriter()
        writer.write([Self.signature])
        writer.write(tree.hex)
        writer.write(Self.program)
        encode(to: &writer)
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let aside = "\(folder)/\(tree)\(Self.suffix).\(getpid()).tmp"
        let head = Array("\(Self.form)\(Digest(of: writer.bytes).hex)".utf8)
        guard Self.write([head, writer.bytes], to: aside), rename(aside, "\(folder)/\(tree)\(Self.suffix)") == 0 else {
            unlink(aside)
            return
        }
        Self.prune(folder)
    }

    private static func write(_ parts: [[UInt8]], to path: String) -> Bool {
        guard let file = fopen(path, "we") else { return false }
        let isWritten = parts.allSatisfy { fwrite($0, 1, $0.count, file) == $0.count }
        return fclose(file) == 0 && isWritten
    }

    private static func prune(_ folder: String) {
        let files = FileManager.default
        let found = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        let ages = found.filter { $0.contains(suffix) }.map { name in
            let attributes = try? files.attributesOfItem(atPath: "\(folder)/\(name)")
            return (name: name, date: attributes?[.modificationDate] as? Date ?? .distantPast)
        }
        for (name, _) in ages.sorted(by: { $0.date > $1.date }).dropFirst(capacity) { unlink("\(folder)/\(name)") }
    }

    /// Stands for the running program: another build of it may plan differently.
    private static let program: String = {
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "" }
        return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino)"
    }()

    // MARK: Contents

    private func encode(to writer: inout FlatWriter) {
        writer.write(setting.hex)
        writer.write(selection.hex)
        writer.write(FlatTexts(rules))
        writer.write([Int32(stacks.count), Int32(columns.count)])
        for stack in stacks {
            writer.write(stack.key)
            writer.write(stack.names)
            writer.write(stack.origins)
        }
        for column in columns {
            writer.write(column.name)
            writer.write([Int32(column.stack)])
            writer.write(column.setting.hex)
            writer.write(column.packages)
            writer.write(column.flags)
            writer.write(column.examined)
        }
        for counts in [jobs.jobs, jobs.packages] {
            writer.write(counts.keys)
            writer.write(counts.counts)
        }
        writer.write(jobs.inputs)
        writer.write(jobs.files)
    }

    private init?(_ reader: inout FlatReader) {
        guard let setting = reader.text().flatMap({ Digest(hex: $0) }),
            let selection = reader.text().flatMap({ Digest(hex: $0) }), let rules = reader.texts(),
            let sizes = reader.numbers(), sizes.count == 2
        else { return nil }
        self.init(setting: setting, selection: selection, rules: (0..<rules.count).map { rules[$0] })
        for _ in 0..<sizes[0] {
            guard let key = reader.text(), let names = reader.texts(), let origins = reader.texts() else { return nil }
            stacks.append(StackState(key: key, names: names, origins: origins))
        }
        for _ in 0..<sizes[1] {
            guard let name = reader.text(), let stack: [Int32] = reader.numbers(), stack.count == 1,
                let setting = reader.text().flatMap({ Digest(hex: $0) }), let packages = reader.texts(),
                let flags: [Int32] = reader.numbers(), let examined = reader.lists()
            else { return nil }
            columns.append(
                ColumnState(
                    name: name, stack: Int(stack[0]), setting: setting, packages: packages, flags: flags,
                    examined: examined))
        }
        guard let counts = reader.counts(), let packages = reader.counts(), let inputs = reader.lists(),
            let files: [Int32] = reader.numbers()
        else { return nil }
        jobs = JobUses(jobs: counts, packages: packages, inputs: inputs, files: files)
        guard isConsistent else { return nil }
    }

    private var isConsistent: Bool {
        stacks.allSatisfy { $0.names.count == $0.origins.count } && jobs.isConsistent
            && columns.allSatisfy { column in
                guard stacks.indices.contains(column.stack) else { return false }
                let names = stacks[column.stack].names.count
                return column.flags.count == column.packages.count && column.examined.count == column.packages.count
                    && Int(column.examined.ends.last ?? 0) == column.examined.numbers.count
                    && column.examined.numbers.allSatisfy { $0 >= 0 && $0 < names }
            }
    }
}

/// Puts arrays one after the other, each with its length before it.
private struct FlatWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write<Element: BitwiseCopyable>(_ array: [Element]) {
        withUnsafeBytes(of: Int64(array.count)) { bytes.append(contentsOf: $0) }
        array.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ text: String) {
        write(Array(text.utf8))
    }

    mutating func write(_ texts: FlatTexts) {
        write(texts.bytes)
        write(texts.ends)
    }

    mutating func write(_ lists: FlatLists) {
        write(lists.numbers)
        write(lists.ends)
    }
}

/// Takes arrays from the front of some bytes; nil where they are not there.
private struct FlatReader {
    let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    private mutating func array<Element: BitwiseCopyable>(of type: Element.Type) -> [Element]? {
        guard let count = take(MemoryLayout<Int64>.size)?.loadUnaligned(as: Int64.self),
            count >= 0, count <= bytes.count,
            let source = take(Int(count) * MemoryLayout<Element>.stride)
        else { return nil }
        return [Element](unsafeUninitializedCapacity: Int(count)) { target, initialized in
            UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
            initialized = Int(count)
        }
    }

    mutating func numbers() -> [Int32]? { array(of: Int32.self) }

    mutating func text() -> String? {
        array(of: UInt8.self).map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func texts() -> FlatTexts? {
        guard let bytes = array(of: UInt8.self), let ends = numbers(), Int(ends.last ?? 0) == bytes.count else {
            return nil
        }
        var texts = FlatTexts()
        texts.bytes = bytes
        texts.ends = ends
        return texts
    }

    mutating func lists() -> FlatLists? {
        guard let numbers: [Int32] = numbers(), let ends: [Int32] = self.numbers() else { return nil }
        return FlatLists(numbers: numbers, ends: ends)
    }

    mutating func counts() -> UseCounts? {
        guard let keys = array(of: Digest.self), let counts = numbers(), keys.count == counts.count else {
            return nil
        }
        return UseCounts(keys: keys, counts: counts)
    }
}
