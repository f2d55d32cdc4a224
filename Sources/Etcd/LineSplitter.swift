internal import Core

/// Splits a stream of bytes into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    /// The maximum length of a line in bytes, far above the size of any message of etcd.
    private static let limit = 64 << 20

    /// Appends bytes and calls `body` with each line that they complete.
    ///
    /// - Throws: `EtcdError` if a line is too long, and any error of `body`.
    mutating func add(_ piece: UnsafeRawBufferPointer, _ body: ([UInt8]) throws -> Void) throws {
        var left = piece[...]
        while let end = left.firstIndex(of: UInt8(ascii: "\n")) {
            try checkLimit(with: end - left.startIndex)
            let line = rest + left[..<end]
            rest = []
            left = left[(end + 1)...]
            if !line.isEmpty { try body(line) }
        }
        try checkLimit(with: left.count)
        rest += left
    }

    private func checkLimit(with count: Int) throws {
        guard rest.count + count <= Self.limit else {
            throw EtcdError(.refused, "a response has more than \(Self.limit) bytes")
        }
    }
}
