/// The forms that most values have, recognized without reading the value. A value of such a form can be read; one that
/// has another form may still be right.
extension Value {
    var isString: Bool { node.kind == .string }

    /// A string or a list of strings.
    var areStrings: Bool {
        node.kind == .list ? children.allSatisfy(\.isString) : isString
    }

    /// Strings, each with a plain filter or none.
    var areFilteredStrings: Bool {
        let isPlain = { (value: Value) in value.isFiltered(\.isString) }
        return node.kind == .list ? children.allSatisfy(isPlain) : isPlain(self)
    }

    /// Lists of strings, each with a plain filter or none.
    var areFilteredLists: Bool {
        node.kind == .list && children.allSatisfy { $0.isFiltered { $0.node.kind == .list && $0.areStrings } }
    }

    /// Lists of words, each list and each word with a plain filter or none.
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

    /// A variable that names no packages.
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
