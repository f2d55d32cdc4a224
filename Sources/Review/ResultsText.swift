internal import Model

/// The results as text for a terminal: a table per target, then the reason of each cell that is not good.
package struct ResultsText: Sendable {
    private let tables: [TargetTable]

    /// The text of the given states.
    package init(_ states: [CellState]) {
        tables = TargetTable.tables(of: states)
    }

    /// The lines, without colour.
    package var lines: [String] {
        var lines: [String] = []
        for table in tables {
            if !lines.isEmpty { lines.append("") }
            lines.append("\(table.target): " + table.counts.joined(separator: ", "))
            lines += grid(of: table)
            lines += reasons(in: table)
        }
        return lines
    }

    private func grid(of table: TargetTable) -> [String] {
        var grid = TextTable()
        grid.add(["package"] + table.columns)
        for row in table.rows {
            grid.add([row.package.description] + row.states.map { $0?.words ?? "-" })
        }
        return grid.lines(indentedBy: 2)
    }

    private func reasons(in table: TargetTable) -> [String] {
        var list = TextTable()
        for state in table.rows.flatMap(\.states) {
            guard let state, let reason = state.reason, state.blockedBy == nil else { continue }
            // An explanation has one sentence per line, and all of them are needed.
            let sentences = reason.split(separator: "\n").joined(separator: "; ")
            list.add([state.cell.description, sentences])
        }
        let lines = list.lines(indentedBy: 2)
        return lines.isEmpty ? [] : ["", "  why:"] + lines
    }
}
