/// One element of a file's syntax: fixed size, pointing into the file's bytes and to other nodes by number.
///
/// The nodes of a file are in one array, so that reading a file costs two allocations however long it is. Texts become
/// `String` only when someone asks for them.
struct Node {
    enum Kind: UInt8 {
        /// The whole file; its children are fields and sections.
        case file
        /// `name: value`. The text is the name, the only child the value.
        case field
        /// `name "title" { … }`. The text is the name; the first child is the title, when there is one.
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

    /// What else the kind needs to say.
    struct Detail: OptionSet {
        let rawValue: UInt8

        /// A string in triple quotes.
        static let tripleQuoted = Detail(rawValue: 1)
        /// A string whose value isn't simply its bytes: it has escapes or carriage returns.
        static let escaped = Detail(rawValue: 2)
        /// A section with a title.
        static let titled = Detail(rawValue: 4)
        /// A boolean that is true.
        static let isTrue = Detail(rawValue: 8)
    }

    typealias Index = Int32
    static let none: Index = -1

    var kind: Kind
    var detail: Detail = []
    var `operator`: UInt8 = 0
    /// The first byte of the element, for messages.
    var position: UInt32
    /// The bytes of its text: a name, a number, what is between quotes.
    var textStart: UInt32
    var textEnd: UInt32
    var firstChild: Index = Node.none
    var nextSibling: Index = Node.none
}

/// `=`, `!=`, `<`, `<=`, `>`, `>=`. An opam file may also write `~` for `>=`.
public enum RelationalOperator: UInt8, Hashable, Sendable, CaseIterable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    /// The operator that holds exactly when this one doesn't.
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

    /// The operator as it is written in a file.
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

    /// Whether `left operator right` holds when comparing them gave `order`: negative, zero or positive.
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

/// How an environment variable is changed.
public enum UpdateOperator: UInt8, Hashable, Sendable, CaseIterable {
    /// `=`: replaces the value.
    case set
    /// `+=`: puts before the value, with a separator.
    case prepend
    /// `=+`: puts after the value, with a separator.
    case append
    /// `:=`: as `+=`, but an unset variable keeps a trailing separator, hence the system's default.
    case prependKeepingDefault
    /// `=:`: as `=+`, but an unset variable keeps a leading separator.
    case appendKeepingDefault
    /// `=+=`: puts in the place of what was added earlier, else before the value.
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
