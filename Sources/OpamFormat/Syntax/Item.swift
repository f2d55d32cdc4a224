/// A field or a section of a file.
public enum Item: Sendable {
    case field(Field)
    case section(Section)
}

/// `name: value`
public struct Field: Sendable {
    let tree: SyntaxTree
    let index: Node.Index

    var node: Node { tree.nodes[Int(index)] }

    /// The name of the field.
    public var name: String { tree.text(node) }

    /// The value of the field, not yet decoded.
    public var value: Value { Value(tree: tree, index: node.firstChild) }
}

/// `kind "title" { … }`; the title is optional.
public struct Section: Sendable {
    let tree: SyntaxTree
    let index: Node.Index

    var node: Node { tree.nodes[Int(index)] }

    /// The word before the section's title: `extra-source`.
    public var kind: String { tree.text(node) }

    /// The title in quotes; nil if the section has none.
    public var title: String? { titleBytes.map { String(decoding: $0, as: UTF8.self) } }

    /// The bytes of the title, which need not be valid UTF-8.
    var titleBytes: [UInt8]? {
        node.detail.contains(.titled) ? tree.textBytes(tree.nodes[Int(node.firstChild)]) : nil
    }

    /// The fields and sections in this section.
    public var items: Items {
        let first = node.firstChild
        return Items(tree: tree, first: node.detail.contains(.titled) ? tree.nodes[Int(first)].nextSibling : first)
    }
}

/// The fields and sections of a file or of a section, in order.
public struct Items: Sequence, Sendable {
    let tree: SyntaxTree
    let first: Node.Index

    /// Iterates over the items in the order of the file.
    public struct Iterator: IteratorProtocol {
        let tree: SyntaxTree
        var current: Node.Index

        public mutating func next() -> Item? {
            guard current != Node.none else { return nil }
            let index = current
            let node = tree.nodes[Int(index)]
            current = node.nextSibling
            return node.kind == .field
                ? .field(Field(tree: tree, index: index)) : .section(Section(tree: tree, index: index))
        }
    }

    public func makeIterator() -> Iterator { Iterator(tree: tree, current: first) }

    /// The first field with this name.
    func field(_ name: StaticString) -> Field? {
        var next = first
        while next != Node.none {
            let node = tree.nodes[Int(next)]
            if node.kind == .field, tree.textEquals(node, name) { return Field(tree: tree, index: next) }
            next = node.nextSibling
        }
        return nil
    }

    /// The sections of this kind.
    func sections(_ kind: StaticString) -> [Section] {
        compactMap { item in
            guard case .section(let section) = item, tree.textEquals(section.node, kind) else { return nil }
            return section
        }
    }
}

extension Item: Equatable {
    public static func == (left: Item, right: Item) -> Bool {
        switch (left, right) {
        case (.field(let a), .field(let b)): a.name == b.name && a.value == b.value
        case (.section(let a), .section(let b)): a.kind == b.kind && a.title == b.title && a.items == b.items
        default: false
        }
    }
}

extension Items: Equatable {
    public static func == (left: Items, right: Items) -> Bool {
        left.elementsEqual(right)
    }
}
