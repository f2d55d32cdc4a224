/// The most common forms of values, recognised without decoding. A value of such a form is valid; others may be valid,
/// too.
extension Value {
    var isString: Bool { node.kind == .string }

    /// A string or a list of strings.
    var areStrings: Bool {
        node.kind == .list ? children.allSatisfy(\.isString) : isString
    }

    /// Strings, each with at most one plain filter.
    var areFilteredStrings: Bool {
        let isPlain = { (value: Value) in value.isFiltered(\.isString) }
        return node.kind == .list ? children.allSatisfy(isPlain) : isPlain(self)
    }

    /// Lists of strings, each with at most one plain filter.
    var areFilteredLists: Bool {
        node.kind == .list && children.allSatisfy { $0.isFiltered { $0.node.kind == .list && $0.areStrings } }
    }

    /// Lists of words, each list and each word with at most one plain filter.
    var areCommands: Bool {
        node.kind == .list
            && children.allSatisfy { command in
                command.isFiltered { list in
                    list.node.kind == .list
                        && list.children.allSatisfy { $0.isFiltered { $0.isString || $0.isPlainVariable } }
                }
            }
    }

    private func isFiltered(_ isPlain: (Value) -> Bool) -> Bool {
        let (value, braces) = withoutBraces
        guard isPlain(value) else { return false }
        return braces.isEmpty || braces.only?.isPlainFilter == true
    }

    /// A variable without package names.
    private var isPlainVariable: Bool {
        let node = node
        return node.kind == .identifier
            && !tree.bytes[Int(node.textStart)..<Int(node.textEnd)].contains(UInt8(ascii: ":"))
    }

    private var isPlainFilter: Bool {
        switch node.kind {
        case .bool, .string: true
        case .identifier: isPlainVariable
        case .group: children.only?.isPlainFilter == true
        case .relation: firstChild.isPlainFilter && lastOfTwo.isPlainFilter
        case .not: firstChild.isPlainFilter
        case .and, .or: children.allSatisfy(\.isPlainFilter)
        default: false
        }
    }
}
