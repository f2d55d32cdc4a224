/// Cuts a stream of bytes into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    /// Far above what a member sends in one message.
    private static let limit = 64 << 20

    /// Calls `body` with each line that is complete now.
    mutating func add(_ piece: UnsafeRawBufferPointer, _ body: ([UInt8]) throws -> Void) throws {
        rest += piece
        guard rest.count <= Self.limit else { throw EtcdError(.refused, "an answer has more than \(Self.limit) bytes") }
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(rest[..<end])
            rest.removeSubrange(...end)
            if !line.isEmpty { try body(line) }
        }
    }
}
