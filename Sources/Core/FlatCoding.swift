/// Writes arrays one after the other, each preceded by its length, in the machine's representation, so that reading is
/// copying. For files that only programs on the same machine read.
package struct FlatWriter {
    /// The written bytes.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Appends an array.
    package mutating func write<Element: BitwiseCopyable>(_ array: [Element]) {
        withUnsafeBytes(of: Int64(array.count)) { bytes.append(contentsOf: $0) }
        array.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Appends a text.
    package mutating func write(_ text: String) {
        write(Array(text.utf8))
    }
}

/// Reads what a `FlatWriter` wrote; nil if the bytes are too few.
package struct FlatReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    package init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// The next array.
    package mutating func array<Element: BitwiseCopyable>(of type: Element.Type) -> [Element]? {
        guard let count = take(MemoryLayout<Int64>.size)?.loadUnaligned(as: Int64.self),
            count >= 0, count <= bytes.count,
            let source = take(Int(count) * MemoryLayout<Element>.stride)
        else { return nil }
        return [Element](unsafeUninitializedCapacity: Int(count)) { target, initialized in
            UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
            initialized = Int(count)
        }
    }

    /// The next array of numbers.
    package mutating func numbers() -> [Int32]? { array(of: Int32.self) }

    /// The next text.
    package mutating func text() -> String? {
        array(of: UInt8.self).map { String(decoding: $0, as: UTF8.self) }
    }
}
