package import Core

/// One value of a YAML document, with the place where it begins.
package struct Node: Sendable {
    package enum Content: Sendable {
        /// A text; `isPlain` when it was written without quotes and not as a block.
        case scalar(String, isPlain: Bool)
        case sequence([Node])
        /// In the order of the text, keys unique.
        case mapping([Entry])
    }

    /// A key of a mapping and its value.
    package struct Entry: Sendable {
        package var key: String
        package var keyLocation: SourceLocation
        package var value: Node
    }

    package var content: Content
    package var location: SourceLocation
    /// How many nodes this one holds, itself and what its aliases stand for included.
    package var weight: Int

    /// The node as an error message names it.
    package var kind: String {
        switch content {
        case .scalar(let text, let isPlain):
            isPlain && Node.isNull(text) ? "nothing" : "the text '\(text.count > 40 ? text.prefix(40) + "…" : text)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value of `key`, nil where this is no mapping or has no such key.
    package subscript(_ key: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// Whether an unquoted `text` means that there is no value.
    static func isNull(_ text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
