package import Core

/// A value of a YAML document with its location.
package struct Node: Sendable {
    /// The three kinds of YAML values; numbers and booleans are scalars, which readers interpret.
    package enum Content: Sendable {
        /// A text; `isPlain` if it was written without quotes and not as a block.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([Node])
        /// A mapping in textual order with unique keys.
        case mapping([Entry])
    }

    /// A key of a mapping and its value.
    package struct Entry: Sendable {
        package var key: String
        package var keyLocation: SourceLocation
        package var value: Node
    }

    package var content: Content
    /// The position of the node's first character.
    package var location: SourceLocation
    /// The number of nodes including this one; those of aliases are counted at each use.
    package var weight: Int

    /// The description of the node in messages.
    package var kind: String {
        switch content {
        case .scalar(let text, let isPlain):
            isPlain && Node.isNull(text) ? "nothing" : "the text '\(text.count > 40 ? text.prefix(40) + "…" : text)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value of `key`; nil if the node is not a mapping or has no such key.
    ///
    /// - Complexity: O(entries).
    package subscript(_ key: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// Whether a plain `text` means that there is no value.
    package static func isNull(_ text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
