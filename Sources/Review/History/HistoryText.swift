internal import Core
internal import Model

/// The history of a cell as text for a terminal: a line for each change, newest first.
package struct HistoryText: Sendable {
    private let history: CellHistory
    private let isWhole: Bool

    /// The number of changes shown by default.
    private static let limit = 18

    /// - Parameter isWhole: Whether to show every result on its own line.
    package init(_ history: CellHistory, isWhole: Bool) {
        self.history = history
        self.isWhole = isWhole
    }

    /// The lines, without colour.
    package var lines: [String] {
        let groups = isWhole ? history.entries.map { [$0] } : groups
        let limit = isWhole ? groups.count : Self.limit
        var table = TextTable()
        for group in groups.prefix(limit) { table.add(Self.row(group)) }
        let hidden = groups.count - min(groups.count, limit)
        return [head] + table.lines(indentedBy: 2)
            + (hidden > 0 ? ["  … and \(count(hidden, "earlier change")) (--all)"] : []) + next
    }

    /// Groups of consecutive equal results.
    private var groups: [[CellHistory.Entry]] {
        var groups: [[CellHistory.Entry]] = []
        for entry in history.entries {
            if let last = groups.last?.first, last.outcome == entry.outcome, last.phase == entry.phase,
                last.signature == entry.signature, last.isVerdict == entry.isVerdict
            {
                groups[groups.count - 1].append(entry)
            } else {
                groups.append([entry])
            }
        }
        return groups
    }

    private var head: String {
        let cell = history.cell
        let name = "\(cell.target)/\(cell.compiler)/\(cell.position.package)"
        guard let newest = history.entries.first else { return "\(name): no results" }
        var text =
            "\(name): \(count(history.entries.count, "result")), now \(newest.words) with \(newest.package.version)"
        if let turn = history.turn { text += "; last good \(turn.good.location)" }
        return text
    }

    private var next: [String] {
        history.turn == nil ? [] : ["", "next: ci bisect \(history.cell)  (what changed in between)"]
    }

    /// The table row for a group of equal results, from the oldest to the newest.
    private static func row(_ group: [CellHistory.Entry]) -> [String] {
        guard let newest = group.first, let oldest = group.last else { return [] }
        let versions =
            oldest.package == newest.package
            ? newest.package.version : "\(oldest.package.version) to \(newest.package.version)"
        let runs: String =
            switch (oldest.run, newest.run) {
            case (let old?, let new?): old == new ? "run \(new)" : "runs \(old) to \(new)"
            default: ""
            }
        return [
            UTCTime.minute(oldest.time), runs, versions, newest.words,
            group.count == 1 ? "" : "\(group.count) results",
            newest.signature ?? "",
        ]
    }
}

extension CellHistory.Entry {
    /// The run and version of the result: `in run 11 (2026-11-27 03:10) with 3.16.1`.
    var location: String {
        let time = UTCTime.minute(time)
        return (run.map { "in run \($0) (\(time))" } ?? "at \(time)") + " with \(package.version)"
    }
}
