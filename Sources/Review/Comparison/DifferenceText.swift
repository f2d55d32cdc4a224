internal import Core
internal import Model

/// A difference as text for a terminal: the totals, then what is worse by its causes, the largest first.
package struct DifferenceText: Sendable {
    private let difference: Difference
    private let names: (before: String, after: String)
    private let details: @Sendable (Difference.Change) throws -> String?

    /// Lines of the whole text.
    package static let limit = 24

    /// - Parameters:
    ///   - before: what the first side is called.
    ///   - after: what the second side is called.
    ///   - reason: finds the error line of a change that does not have it.
    package init(
        _ difference: Difference, before: String, after: String,
        reason: @escaping @Sendable (Difference.Change) throws -> String? = { $0.reason }
    ) {
        self.difference = difference
        names = (before, after)
        details = reason
    }

    /// At most `limit` lines, without colour.
    package func lines() throws -> [String] {
        let totals = difference.totals.map { "\($0.cells) \($0.verdict.rawValue)" }.joined(separator: ", ")
        let head = [
            "A: \(names.before)", "B: \(names.after)",
            "\(count(difference.compared, "cell")) compared: \(totals.isEmpty ? "no difference" : totals)",
        ]
        let sections = Self.sections.compactMap { verdict, title -> (String, [Difference.Change])? in
            let changes = difference.changes.filter { $0.verdict == verdict && (verdict != .new || $0.isBad) }
            return changes.isEmpty ? nil : (title, changes)
        }
        let rows = max(1, (Self.limit - head.count) / max(1, sections.count) - 3)
        return try head + sections.flatMap { try section($0, $1, rows: rows) }
    }

    /// Every change, one a line.
    package var allLines: [String] {
        var table = TextTable()
        for change in difference.changes {
            table.add([change.verdict.rawValue, change.cell.description, change.words, change.reason ?? ""])
        }
        return table.lines()
    }

    /// Verdicts that are listed, in their order; others are only counted.
    private static let sections: [(Verdict, String)] = [
        (.broken, "broken"), (.onlyOnB, "only on B"), (.onlyOnA, "only on A"), (.new, "new, and not good"),
        (.stillBad, "still bad, in another way"), (.onBoth, "on both, in different ways"), (.fixed, "fixed"),
    ]

    private func section(_ title: String, _ changes: [Difference.Change], rows: Int) throws -> [String] {
        let groups = Dictionary(grouping: changes, by: \.causeKey).values.sorted {
            ($1.count, $0[0].cell) < ($0.count, $1[0].cell)
        }
        var table = TextTable()
        for group in groups.prefix(rows) {
            let first = group.first { $0.cause == $0.cell } ?? group[0]
            let reason = try details(first)?.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            table.add(["\(group.count)", first.cell.description, first.words, reason])
        }
        let hidden = groups.dropFirst(rows)
        let rest =
            hidden.isEmpty
            ? []
            : [
                "  … and \(count(hidden.count, "more cause")) of \(count(hidden.reduce(0) { $0 + $1.count }, "cell")) (--all)"
            ]
        return ["", "\(title):"] + table.lines(indentedBy: 2) + rest
    }
}

extension Difference.Change {
    /// Equal for changes that have one failure for their cause, in whatever column.
    fileprivate var causeKey: [String] { [(cause ?? cell).package.description, signature ?? ""] }

    fileprivate var isBad: Bool { after != Outcome.success.rawValue && after != "pending" }

    fileprivate var words: String {
        let before = (before ?? "none") + (packageBefore.map { " with \($0.version)" } ?? "")
        return "\(before) → \(after ?? "none")"
    }
}
