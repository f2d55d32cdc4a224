/// The syntax tree of a file in opam's format: the whole syntax is checked, but strings and typed values are created on
/// demand.
///
/// The tree keeps the bytes of the file. Its elements are ``Field``, ``Section`` and ``Value``, which are cheap views.
///
/// - SeeAlso: `docs/decisions/0010-flat-syntax-tree.md`
public final class SyntaxTree: Sendable {
    /// Larger files are rejected. The largest published ones have about 50 kB.
    public static let largestFile = 4 << 20

    /// The file name for messages.
    public let file: String
    /// The bytes of the file, to which nodes refer by offset.
    public let bytes: [UInt8]
    let nodes: [Node]
    let root: Node.Index

    private init(file: String, bytes: [UInt8], nodes: [Node], root: Node.Index) {
        self.file = file
        self.bytes = bytes
        self.nodes = nodes
        self.root = root
    }

    /// Parses a file.
    ///
    /// - Parameter file: The file name for messages.
    /// - Throws: The syntax error and its position. Unknown fields and invalid values are not syntax errors.
    /// - Complexity: O(bytes).
    public convenience init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        try Self.checkSize(bytes, file)
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(SyntaxError) in
                var parser = try Parser(buffer)
                try parser.parseFile()
                return parser.nodes
            }
        }
        switch result {
        case .success(let nodes): self.init(file: file, bytes: bytes, nodes: nodes, root: 0)
        case .failure(let error): throw FormatError(error.message, at: error.offset, of: bytes, file: file)
        }
    }

    /// Parses a single value, such as a filter.
    ///
    /// - Throws: The syntax error and its position.
    static func parseValue(_ bytes: [UInt8], file: String) throws(FormatError) -> Value {
        try checkSize(bytes, file)
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(SyntaxError) in
                var parser = try Parser(buffer)
                let root = try parser.parseSingleValue()
                return (parser.nodes, root)
            }
        }
        switch result {
        case .success(let (nodes, root)):
            return Value(tree: SyntaxTree(file: file, bytes: bytes, nodes: nodes, root: root), index: root)
        case .failure(let error):
            throw FormatError(error.message, at: error.offset, of: bytes, file: file)
        }
    }

    private static func checkSize(_ bytes: [UInt8], _ file: String) throws(FormatError) {
        guard bytes.count <= largestFile else {
            throw FormatError(
                "the file has \(bytes.count) bytes; the limit is \(largestFile)", at: 0, of: [], file: file)
        }
    }

    /// The fields and sections of the file, in order.
    public var items: Items { Items(tree: self, first: nodes[Int(root)].firstChild) }

    // MARK: Texts

    func text(_ node: Node) -> String {
        let range = Int(node.textStart)..<Int(node.textEnd)
        guard node.detail.contains(.escaped) else { return String(decoding: bytes[range], as: UTF8.self) }
        return String(decoding: textBytes(node), as: UTF8.self)
    }

    /// The bytes of the text, which need not be valid UTF-8.
    func textBytes(_ node: Node) -> [UInt8] {
        let range = Int(node.textStart)..<Int(node.textEnd)
        guard node.detail.contains(.escaped) else { return Array(bytes[range]) }
        return bytes.withUnsafeBufferPointer { Self.unescaped($0, range) }
    }

    func textEquals(_ node: Node, _ text: StaticString) -> Bool {
        let start = Int(node.textStart)
        let length = Int(node.textEnd) - start
        guard length == text.utf8CodeUnitCount else { return false }
        for offset in 0..<length where bytes[start + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    private static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(range.count)
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            if byte == .backslash, let escape = EscapeSequence(in: bytes, at: position) {
                if let letter = escape.value { value.append(letter) }
                position += escape.length
            } else if byte == .carriageReturn, position + 1 < range.upperBound, bytes[position + 1] == .newline {
                position += 1
            } else {
                value.append(byte)
                position += 1
            }
        }
        return value
    }

    /// An error at the position of a node.
    func error(_ message: String, at node: Node, field: String?) -> FormatError {
        FormatError(message, at: Int(node.position), of: bytes, file: file, field: field)
    }
}
