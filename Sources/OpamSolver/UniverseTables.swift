/// The properties of each package version, with an array for each property. Identifiers are raw values, because the
/// arrays are stored on disk.
struct PackageTable: Sendable, Equatable {
    var name: [Int32] = []
    var version: [Int32] = []
    /// The filter of `available`.
    var available: [Int32] = []
    var isAvoided: [Int32] = []
    /// The numbers of formulas, lists of atoms and lists of classes.
    var depends: [Int32] = []
    var conflicts: [Int32] = []
    var classes: [Int32] = []
}

/// Filters as text, and the version that `version` stands for in them: -1 if they do not mention it.
struct FilterTable: Sendable, Equatable {
    var text: [Int32] = []
    var ownVersion: [Int32] = []

    /// The filter that always holds.
    static let always: Int32 = 0
}

/// A version in a constraint on `name`, and the versions of that name that are equal to it.
struct BoundTable: Sendable, Equatable {
    var name: [Int32] = []
    var version: [Int32] = []
    var lower: [Int32] = []
    var upper: [Int32] = []
}

/// A name and the condition on it: a term whose leaves are bounds and filters.
struct AtomTable: Sendable, Equatable {
    var name: [Int32] = []
    /// Numbers in `conditions`.
    var condition: [Int32] = []
    var conditions = TermTable()
}

/// Terms in prefix notation, concatenated in one array: see ``Term``. Number 0 is the empty term.
struct TermTable: Sendable, Equatable {
    var ends: [Int32] = []
    var codes: [Int32] = []

    var count: Int { ends.count }

    func range(_ term: Int32) -> Range<Int> {
        (term == 0 ? 0 : Int(ends[Int(term) - 1]))..<Int(ends[Int(term)])
    }

    subscript(term: Int32) -> ArraySlice<Int32> { codes[range(term)] }

    mutating func append(_ term: some Collection<Int32>) {
        codes.append(contentsOf: term)
        ends.append(Int32(codes.count))
    }
}

/// The symbols of terms. `all` and `any` are followed by the number of their parts, then the parts.
enum Term {
    static let all: Int32 = -1
    static let any: Int32 = -2
    /// In a formula, an atom: its number follows.
    static let atom: Int32 = -3
    /// In a condition, a filter: its number follows.
    static let filter: Int32 = -4
    /// In a condition, a bound: its relation and its number follow.
    static let bound: Int32 = -5
    /// In a condition, a bound whose version depends on the target: its relation and the number of the filter follow.
    static let expression: Int32 = -6
}
