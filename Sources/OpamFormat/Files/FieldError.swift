/// The error for a value that does not have the form its field requires.
struct FieldError: Error {
    var message: String
    var node: Node
}

/// The forms of values that many fields use. Each throws if the value has another form.
extension Value {
    func unexpected(_ expectation: String) -> FieldError {
        FieldError(message: "expected \(expectation), found \(node.kind.meaning)", node: node)
    }

    func string() throws(FieldError) -> String {
        guard node.kind == .string else { throw unexpected("a string") }
        return text
    }

    /// The bytes of a string, which need not be valid UTF-8.
    func stringBytes() throws(FieldError) -> [UInt8] {
        guard node.kind == .string else { throw unexpected("a string") }
        return tree.textBytes(node)
    }

    func identifier() throws(FieldError) -> String {
        guard node.kind == .identifier else { throw unexpected("a name without quotes") }
        return text
    }

    func packageName() throws(FieldError) -> PackageName {
        let text = try string()
        guard let name = PackageName(text) else {
            throw FieldError(message: "\"\(text)\" is not a package name", node: node)
        }
        return name
    }

    func version() throws(FieldError) -> Version {
        let text = try string()
        guard let version = Version(text.trimmed) else {
            throw FieldError(message: "\"\(text)\" is not a version", node: node)
        }
        return version
    }

    /// The elements of a list; any other value counts as a list with one element.
    func elements<Element>(
        _ decode: (Value) throws(FieldError) -> Element
    ) throws(FieldError) -> [Element] {
        guard node.kind == .list else { return [try decode(self)] }
        return try children.decoded(decode)
    }

    /// The elements of a list of lists; the outer brackets may be omitted.
    func nestedElements<Element>(
        _ decode: (Value) throws(FieldError) -> Element
    ) throws(FieldError) -> [Element] {
        guard node.kind == .list else { return [try decode(self)] }
        if let first = children.first(where: { _ in true }), !first.isListWithOptionalBraces {
            return [try decode(self)]
        }
        return try children.decoded(decode)
    }

    /// Whether the value is a list, with or without braces after it.
    private var isListWithOptionalBraces: Bool {
        node.kind == .list || (node.kind == .option && firstChild.isListWithOptionalBraces)
    }

    /// The value without its braces, and the contents of the braces, which are empty if there are none.
    var withoutBraces: (value: Value, braces: Values) {
        if node.kind == .option { return (firstChild, children.afterFirst) }
        return (self, Values(tree: tree, first: Node.none))
    }

    /// A value with a filter in braces; without braces it always applies.
    func filtered<Element>(
        _ decode: (Value) throws(FieldError) -> Element
    ) throws(FieldError) -> Filtered<Element> {
        let (value, braces) = withoutBraces
        let element = try decode(value)
        guard !braces.isEmpty else { return Filtered(element) }
        guard let filter = braces.only else { throw unexpected("one filter in the braces") }
        return Filtered(element, if: try filter.filter())
    }

    /// Two values in brackets.
    func pair() throws(FieldError) -> (Value, Value) {
        guard node.kind == .list, !children.isEmpty, let second = children.afterFirst.only else {
            throw unexpected("a list of two")
        }
        return (firstChild, second)
    }
}

extension Values {
    func decoded<Element>(
        _ decode: (Value) throws(FieldError) -> Element
    ) throws(FieldError) -> [Element] {
        var elements: [Element] = []
        for value in self { elements.append(try decode(value)) }
        return elements
    }
}

/// An element that applies only if a filter is true.
public struct Filtered<Element> {
    /// The element.
    public var element: Element
    /// The filter; nil if the element always applies.
    public var filter: Filter?

    /// Creates an element with a filter; nil for none.
    public init(_ element: Element, if filter: Filter? = nil) {
        self.element = element
        self.filter = filter
    }

    /// Whether the element applies in the environment; an undefined filter counts as false.
    public func applies(in environment: Environment) -> Bool {
        filter?.holds(in: environment) ?? true
    }
}

extension Filtered: Equatable where Element: Equatable {}
extension Filtered: Hashable where Element: Hashable {}
extension Filtered: Sendable where Element: Sendable {}

extension String {
    /// The text without leading and trailing blanks.
    var trimmed: String {
        let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(scalars[first...last])
    }
}

extension Node.Kind {
    /// The description of the element in messages.
    var meaning: String {
        switch self {
        case .file: "a file"
        case .field: "a field"
        case .section: "a section"
        case .bool: "a boolean"
        case .integer: "a number"
        case .identifier: "a name without quotes"
        case .string: "a string"
        case .list: "a list"
        case .group: "a group in parentheses"
        case .option: "a value with braces"
        case .and, .or: "a formula"
        case .relation: "a comparison"
        case .prefixRelation: "a version constraint"
        case .not: "a negation"
        case .defined: "a '?' test"
        case .update: "an update of an environment variable"
        }
    }
}
