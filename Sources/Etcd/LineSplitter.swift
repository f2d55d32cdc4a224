/// Cuts a stream of bytes into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    /// Far above what a member sends in one message.
    private static let limit = 64 << 20

    /// Calls `body` with each line that is complete now.
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
            throw EtcdError(.refused, "an answer has more than \(Self.limit) bytes")
        }
    }
}
