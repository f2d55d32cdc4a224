/// A node of the syntax tree, of fixed size, which refers to the file's bytes and to other nodes by numbers.
///
/// The nodes of a file are in one array, so that parsing makes two allocations for a file of any length. A `String` is
/// created only on demand.
struct Node {
    enum Kind: UInt8 {
        /// The whole file; its children are fields and sections.
        case file
        /// `name: value`. The text is the name, and the only child the value.
        case field
        /// `name "title" { … }`. The text is the name; the first child is the title if there is one.
        case section
        case bool, integer, identifier, string
        /// `[ … ]`
        case list
        /// `( … )`
        case group
        /// `value { … }`. The first child is the value.
        case option
        /// `a & b & …` and `a | b | …`: a chain of one operator is one node.
        case and, or
        /// `a = b`
        case relation
        /// `= a`
        case prefixRelation
        /// `!a` and `?a`
        case not, defined
        /// `NAME += "value"`
        case update
    }

    /// Additional properties of a node.
    struct Detail: OptionSet {
        let rawValue: UInt8

        /// A string in triple quotes.
        static let tripleQuoted = Detail(rawValue: 1)
        /// A string with escapes or carriage returns, whose value differs from its bytes.
        static let escaped = Detail(rawValue: 2)
        /// A section with a title.
        static let titled = Detail(rawValue: 4)
        /// The boolean `true`.
        static let isTrue = Detail(rawValue: 8)
    }

    typealias Index = Int32
    static let none: Index = -1

    var kind: Kind
    var detail: Detail = []
    var `operator`: UInt8 = 0
    /// The offset of the element's first byte, for messages.
    var position: UInt32
    /// The range of its text: a name, a number, or the contents of a string.
    var textStart: UInt32
    var textEnd: UInt32
    var firstChild: Index = Node.none
    var nextSibling: Index = Node.none
}

/// `=`, `!=`, `<`, `<=`, `>`, `>=`. Opam files may also contain `~` for `>=`.
public enum RelationalOperator: UInt8, Hashable, Sendable, CaseIterable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    /// The operator that is true exactly if this one is false.
    public var negated: RelationalOperator {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }

    /// The operator in the syntax of opam files.
    public var text: String {
        switch self {
        case .equal: "="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }

    /// Whether `left operator right` is true if comparing them gave `order`: negative, zero or positive.
    public func holds(_ order: Int) -> Bool {
        switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }
}

/// How an environment variable is updated.
public enum UpdateOperator: UInt8, Hashable, Sendable, CaseIterable {
    /// `=`: replaces the value.
    case set
    /// `+=`: prepends to the value, with a separator.
    case prepend
    /// `=+`: appends to the value, with a separator.
    case append
    /// `:=`: like `+=`, but an unset variable gets a trailing separator, and therefore the system's default.
    case prependKeepingDefault
    /// `=:`: like `=+`, but an unset variable gets a leading separator.
    case appendKeepingDefault
    /// `=+=`: replaces a value added earlier in place, or else prepends.
    case replaceInPlace

    public var text: String {
        switch self {
        case .set: "="
        case .prepend: "+="
        case .append: "=+"
        case .prependKeepingDefault: ":="
        case .appendKeepingDefault: "=:"
        case .replaceInPlace: "=+="
        }
    }
}
