internal import Core
internal import Model

/// A difference as text for a terminal: the totals, then the regressions by cause, largest first.
package struct DifferenceText: Sendable {
    private let difference: Difference
    private let names: (before: String, after: String)
    private let details: @Sendable (Difference.Change) throws -> String?

    /// The maximum number of lines.
    package static let limit = 24

    /// - Parameters:
    ///   - before: The title of the first side.
    ///   - after: The title of the second side.
    ///   - reason: Finds the error line of a change that lacks it.
    package init(
        _ difference: Difference, before: String, after: String,
        reason: @escaping @Sendable (Difference.Change) throws -> String? = { $0.reason }
    ) {
        self.difference = difference
        names = (before, after)
        details = reason
    }

    /// At most `limit` lines, without colour.
    ///
    /// - Parameter head: The lines before the totals; nil for the titles of the sides.
    package func lines(below head: [String]? = nil, limit: Int = limit) throws -> [String] {
        let head = (head ?? ["A: \(names.before)", "B: \(names.after)"]) + [totals]
        let sections = Self.sections.compactMap { kind, title -> (String, [Difference.Group])? in
            let groups = difference.groups(of: kind)
            return groups.isEmpty ? nil : (title, groups)
        }
        let rows = max(1, (limit - head.count) / max(1, sections.count) - 3)
        return try head + sections.flatMap { try section($0, $1, rows: rows) }
    }

    private var totals: String {
        let totals = difference.totals.map { "\($0.cells) \($0.kind.rawValue)" }.joined(separator: ", ")
        return "\(count(difference.compared, "cell")) compared: \(totals.isEmpty ? "no difference" : totals)"
    }

    /// All changes, one per line.
    package var allLines: [String] {
        var table = TextTable()
        for change in difference.changes {
            table.add([change.kind.rawValue, change.cell.description, change.words, change.reason ?? ""])
        }
        return table.lines()
    }

    /// The kinds of changes that are listed, in their order; others are only counted.
    static let sections: [(ChangeKind, String)] = [
        (.broken, "broken"), (.onlyOnB, "only on B"), (.onlyOnA, "only on A"), (.new, "new, and not good"),
        (.stillBad, "still bad, other failure"), (.onBoth, "on both, other failure"), (.fixed, "fixed"),
    ]

    private func section(_ title: String, _ groups: [Difference.Group], rows: Int) throws -> [String] {
        var table = TextTable()
        for group in groups.prefix(rows) {
            let reason = try details(group.first)?.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            table.add([
                group.cause ?? "", "\(group.cells.count)", group.first.cell.description, group.first.words, reason,
            ])
        }
        let hidden = groups.dropFirst(rows)
        let cells = hidden.reduce(0) { $0 + $1.cells.count }
        let rest =
            hidden.isEmpty ? [] : ["  … and \(count(hidden.count, "more cause")) of \(count(cells, "cell")) (--all)"]
        return ["", "\(title):"] + table.lines(indentedBy: 2) + rest
    }
}
