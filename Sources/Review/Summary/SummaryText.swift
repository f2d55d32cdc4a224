internal import Core
internal import Model

/// A summary as lines for a terminal: a table of standings, the causes that affect the most cells, and suggested
/// commands.
package struct SummaryText: Sendable {
    /// The maximum number of lines.
    package static let limit = 24
    private static let tableLimit = 9
    private static let causeLimit = 7
    /// The maximum number of causes shown.
    package static let causes = causeLimit

    private let summary: ResultsSummary
    private let width: Int

    /// - Parameter width: The width of the terminal in columns; longer lines are truncated.
    package init(_ summary: ResultsSummary, width: Int) {
        self.summary = summary
        self.width = max(width, 20)
    }

    /// At most `limit` lines, none wider than the terminal, without colour.
    package var lines: [String] {
        (head + table + causes + next).map { $0.displayableOnOneLine.cut(to: width) }
    }

    private var head: [String] {
        let total = summary.columns.reduce(0) { $0 + $1.cells.values.reduce(0, +) }
        let run = (summary.run.map { ", run \($0)" } ?? "") + against
        let retries = summary.retries.map { $0 == 0 ? "" : ", \($0) with a pending retry" } ?? ""
        return ["\(summary.deployment): \(count(total, "cell"))\(retries)\(run)"]
    }

    /// What the cells are compared with. Runs before the first recorded one may have left results.
    private var against: String {
        if let previous = summary.previousRun { return ", against run \(previous)" }
        return summary.run == 1 ? ", the first" : ", against earlier results"
    }

    // MARK: The table

    private var table: [String] {
        let standings = Standing.allCases.filter { standing in summary.columns.contains { $0.cells[standing] != nil } }
        var table = TextTable()
        table.add(["target", "compiler"] + standings.map(\.heading))
        for row in rows {
            table.add([row.target, row.name ?? "all"] + standings.map { "\(row.cells[$0] ?? 0)" })
        }
        return table.lines(indentedBy: 2, numbersFrom: 2)
    }

    /// A row for each column or, if those are too many, for each target or for all.
    private var rows: [ResultsSummary.Column] {
        if summary.columns.count < Self.tableLimit { return summary.columns }
        let targets = Dictionary(grouping: summary.columns, by: \.target).sorted { $0.key < $1.key }
            .map { Self.sum($1, named: $0) }
        if targets.count < Self.tableLimit { return targets }
        let rest = targets.dropFirst(Self.tableLimit - 2)
        return targets.prefix(Self.tableLimit - 2) + [Self.sum(Array(rest), named: "\(rest.count) more targets")]
    }

    private static func sum(_ columns: [ResultsSummary.Column], named target: String) -> ResultsSummary.Column {
        let cells = columns.reduce(into: [:]) { sum, column in sum.merge(column.cells, uniquingKeysWith: +) }
        return ResultsSummary.Column(target: target, compiler: nil, cells: cells)
    }

    // MARK: Causes

    private var causes: [String] {
        guard !summary.causes.isEmpty else { return [] }
        let shown = summary.causes.prefix(Self.causeLimit)
        let title = "\(count(summary.causeCount, "cause")) of \(count(summary.bad, "bad cell"))"
        let descriptions = shown.map(Self.words(of:))
        var lines = ["", title + ":"]
        let widest = shown.map { "\($0.count)".count }.max() ?? 0
        for (cause, words) in zip(shown, descriptions) {
            let number = String(repeating: " ", count: widest - "\(cause.count)".count) + "\(cause.count)"
            lines.append("  \(cause.id)  \(number)  \(words)")
        }
        if summary.causeCount > shown.count {
            lines.append("  … and \(summary.causeCount - shown.count) more: ci show causes")
        }
        return lines
    }

    /// A cause on one line: packages, error, extent, and since when.
    static func words(of cause: Cause) -> String {
        let names = cause.packages
        let who =
            names.isEmpty ? "" : names[0] + (names.count > 1 ? " and \(count(names.count - 1, "other"))" : "") + ": "
        let what = cause.reason ?? cause.signature ?? cause.phase.map { "failure in \($0.rawValue)" } ?? "blocked"
        var notes = [String]()
        if cause.kind == .infrastructure { notes.append("infrastructure") }
        if !cause.blocks.isEmpty { notes.append("blocks \(cause.blocks.count)") }
        if let run = cause.sinceRun {
            notes.append("since run \(run)")
        } else if let since = cause.since {
            notes.append("since \(UTCTime.day(since))")
        }
        let first = what.split(separator: "\n").first.map(String.init) ?? ""
        return (notes.isEmpty ? "" : "[\(notes.joined(separator: ", "))] ") + who + first
    }

    // MARK: What to ask next

    private var next: [String] {
        guard let cause = summary.causes.first else { return [] }
        var lines = ["", "next: ci show \(cause.id)  (the cells of a cause)"]
        if let cell = cause.cells.first, !cause.isUnsolvable {
            lines.append("      ci log \(cell)")
        }
        lines.append("      ci results --all  (a table for each target)")
        return lines
    }
}

extension String {
    /// The line truncated to `width` with an ellipsis.
    package func cut(to width: Int) -> String {
        count <= width ? self : prefix(width - 1) + "…"
    }

    /// The words of the line in lines of at most `width` characters; a longer word has a line of its own.
    package func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
