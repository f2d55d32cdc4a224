/// The encoding of a universe on disk: its arrays one after the other, each preceded by its length.
///
/// Numbers have the machine's byte order, so that decoding is copying. The first number identifies the byte order and
/// the format version. Only the consistency of the lengths is checked: whoever stores the bytes must detect damage by a
/// checksum.
extension Universe {
    /// Must be increased when the meaning of an array changes, or when an opam file would give different arrays.
    public static let formVersion: Int32 = 1

    private static let signature: Int32 = 0x0C15_0000 + formVersion

    /// The universe as bytes.
    ///
    /// - Complexity: O(size), little more than copying.
    public func encoded() -> [UInt8] {
        var copy = self
        var size = MemoryLayout<Int32>.size * 2 + strings.bytes.count
        copy.forEachArray { size += MemoryLayout<Int32>.size * ($0.count + 1) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        append([Universe.signature, Int32(strings.bytes.count)], to: &bytes)
        bytes += strings.bytes
        copy.forEachArray { array in
            append([Int32(array.count)], to: &bytes)
            append(array, to: &bytes)
        }
        return bytes
    }

    private func append(_ numbers: [Int32], to bytes: inout [UInt8]) {
        numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Decodes a universe; nil if `bytes` has another version or inconsistent lengths.
    ///
    /// - Complexity: O(size), little more than copying.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        self.init()
        var reader = ArrayReader(bytes: bytes)
        guard reader.number() == Universe.signature, let count = reader.number(),
            let texts = reader.take(Int(count))
        else { return nil }
        strings.bytes = Array(texts)
        var isWhole = true
        forEachArray { array in
            guard let count = reader.number(), let numbers = reader.numbers(Int(count)) else {
                isWhole = false
                return
            }
            array = numbers
        }
        guard isWhole, reader.isAtEnd, isConsistent else { return nil }
    }

    /// Calls `body` with every array of numbers, always in the same order.
    private mutating func forEachArray(_ body: (inout [Int32]) -> Void) {
        for array: WritableKeyPath<Universe, [Int32]> in [
            \.strings.ends, \.names, \.namesInOrder, \.rankOfSelection, \.firstPackage, \.fingerprints,
            \.packages.name, \.packages.version, \.packages.available, \.packages.isAvoided, \.packages.depends,
            \.packages.conflicts, \.packages.classes,
            \.filters.text, \.filters.ownVersion,
            \.bounds.name, \.bounds.version, \.bounds.lower, \.bounds.upper,
            \.atoms.name, \.atoms.condition, \.atoms.conditions.ends, \.atoms.conditions.codes,
            \.formulas.ends, \.formulas.codes, \.atomLists.ends, \.atomLists.codes,
            \.classes, \.classLists.ends, \.classLists.codes, \.problemNames, \.problemTexts,
        ] {
            body(&self[keyPath: array])
        }
    }

    /// Whether the arrays of each table have the same length, and the last ends match the lengths of the contents.
    private var isConsistent: Bool {
        let count = packages.name.count
        let columns = [
            packages.version, packages.available, packages.isAvoided, packages.depends, packages.conflicts,
            packages.classes,
        ]
        return columns.allSatisfy { $0.count == count }
            && [namesInOrder, rankOfSelection, fingerprints].allSatisfy { $0.count == names.count }
            && firstPackage.count == names.count + 1 && Int(firstPackage[names.count]) == count
            && filters.text.count == filters.ownVersion.count && !filters.text.isEmpty
            && [bounds.version, bounds.lower, bounds.upper].allSatisfy { $0.count == bounds.name.count }
            && atoms.name.count == atoms.condition.count && problemNames.count == problemTexts.count
            && [atoms.conditions, formulas, atomLists, classLists].allSatisfy {
                !$0.ends.isEmpty && Int($0.ends[$0.count - 1]) == $0.codes.count
            }
            && Int(strings.ends.last ?? 0) == strings.bytes.count
    }
}

/// Reads numbers from the front of a buffer.
private struct ArrayReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func number() -> Int32? {
        take(MemoryLayout<Int32>.size)?.loadUnaligned(as: Int32.self)
    }

    mutating func numbers(_ count: Int) -> [Int32]? {
        guard count >= 0, count <= bytes.count, let source = take(count * MemoryLayout<Int32>.size) else { return nil }
        return [Int32](unsafeUninitializedCapacity: count) { target, initialized in
            UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
            initialized = count
        }
    }
}
