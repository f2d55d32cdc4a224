internal import Core
internal import YAML

/// Decodes values from nodes and collects errors: a value that cannot be decoded is nil and reported.
final class NodeReader {
    var sources: SourceTexts
    private(set) var diagnostics: [Diagnostic] = []

    /// The maximum number of elements of a list.
    static let listLimit = 10_000

    init(sources: SourceTexts) {
        self.sources = sources
    }

    func report(_ message: String, at location: SourceLocation, hint: String? = nil) {
        diagnostics.append(sources.diagnostic(.error, message, at: location, hint: hint))
    }

    func report(_ diagnostic: Diagnostic) {
        diagnostics.append(diagnostic)
    }

    /// A non-empty text; numbers and other scalars count as texts.
    func text(_ node: Node, _ what: String) -> Located<String>? {
        guard case .scalar(let text, let isPlain) = node.content, !(isPlain && Node.isNull(text)) else {
            report("\(what) must be a text, found \(node.kind)", at: node.location)
            return nil
        }
        guard !text.isEmpty else {
            report("\(what) is an empty text", at: node.location)
            return nil
        }
        return Located(text, at: node.location)
    }

    /// A text that is a valid name of a branch, a file, or a part of a cell.
    func name(_ node: Node, _ what: String) -> Located<String>? {
        guard let text = text(node, what) else { return nil }
        let value = text.value
        let isLegal =
            value.utf8.count <= 64 && !value.hasPrefix(".") && !value.hasPrefix("-") && !value.hasSuffix(".")
            && !value.hasSuffix(".lock") && !value.contains("..")
            && value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+".contains($0)) }
        guard isLegal else {
            report(
                "\(what) '\(value)' is not a valid name", at: node.location,
                hint: "use up to 64 letters, digits and -_.+, beginning with a letter or a digit")
            return nil
        }
        return text
    }

    func boolean(_ node: Node, _ what: String) -> Bool? {
        if case .scalar(let text, isPlain: true) = node.content {
            if ["true", "True", "TRUE"].contains(text) { return true }
            if ["false", "False", "FALSE"].contains(text) { return false }
            if ["yes", "no", "on", "off"].contains(text.lowercased()) {
                let meant = ["yes", "on"].contains(text.lowercased())
                report("\(what) must be true or false, found '\(text)'", at: node.location, hint: "write '\(meant)'")
                return nil
            }
        }
        report("\(what) must be true or false, found \(node.kind)", at: node.location)
        return nil
    }

    func integer(_ node: Node, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let text, isPlain: true) = node.content, let number = Int(text), range.contains(number)
        else {
            report(
                "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound), found \(node.kind)",
                at: node.location)
            return nil
        }
        return number
    }

    func quantity(_ node: Node, _ what: String, units: [(name: String, factor: Int)], example: String) -> Int? {
        guard case .scalar(let text, _) = node.content, let amount = Quantity.parse(text, units: units) else {
            report(
                "\(what) must be a positive number with a unit, found \(node.kind)", at: node.location,
                hint: "write it as \(example); units are \(units.map(\.name).joined(separator: ", "))")
            return nil
        }
        return amount
    }

    /// The valid elements of a list; an empty or too long list is reported.
    func list<Element>(_ node: Node, _ what: String, of element: String, _ read: (Node) -> Element?) -> [Element] {
        guard case .sequence(let nodes) = node.content else {
            report(
                "\(what) must be a list, found \(node.kind)", at: node.location,
                hint: "write each \(element) on a separate line after '- '")
            return []
        }
        return elements(nodes, node, what, of: element, read)
    }

    /// Like `list`, but a single element may be written without a list.
    func listOrOne<Element>(_ node: Node, _ what: String, of element: String, _ read: (Node) -> Element?) -> [Element] {
        guard case .sequence(let nodes) = node.content else {
            return read(node).map { [$0] } ?? []
        }
        return elements(nodes, node, what, of: element, read)
    }

    private func elements<Element>(
        _ nodes: [Node], _ list: Node, _ what: String, of element: String, _ read: (Node) -> Element?
    ) -> [Element] {
        if nodes.isEmpty {
            report("\(what) is empty: expected at least one \(element)", at: list.location)
        }
        guard nodes.count <= Self.listLimit else {
            report("\(what) has \(nodes.count) elements, more than \(Self.listLimit)", at: list.location)
            return []
        }
        return nodes.compactMap(read)
    }

    /// The entries of a mapping with arbitrary keys.
    func entries(_ node: Node, _ what: String) -> [Node.Entry] {
        guard case .mapping(let entries) = node.content else {
            report("\(what) must be a mapping, found \(node.kind)", at: node.location)
            return []
        }
        if entries.isEmpty {
            report("\(what) is empty: expected at least one key", at: node.location)
        }
        return entries
    }

    /// The entries of a mapping with the keys of a schema; unknown keys are reported.
    func fields(_ node: Node, _ what: String, _ schema: KeySchema) -> [String: Node]? {
        guard case .mapping(let entries) = node.content else {
            report(
                "\(what) must be a mapping, found \(node.kind)", at: node.location,
                hint: "the keys of \(schema.title) are \(schema.keys.joined(separator: ", "))")
            return nil
        }
        var fields: [String: Node] = [:]
        for entry in entries {
            if schema.keys.contains(entry.key) {
                fields[entry.key] = entry.value
            } else {
                let guess = nearest(to: entry.key, in: schema.keys)
                report(
                    "unknown key '\(entry.key)' in \(schema.title)", at: entry.keyLocation,
                    hint: guess.map { "did you mean '\($0)'?" }
                        ?? "known keys are \(schema.keys.joined(separator: ", "))")
            }
        }
        return fields
    }
}
