internal import Core

/// Columns of text, aligned; no colour, no drawing, and a line each whatever a cell holds.
package struct TextTable: Sendable {
    private var rows: [[String]] = []

    package init() {}

    /// Adds a line.
    package mutating func add(_ cells: [String]) {
        rows.append(cells.map(\.displayableOnOneLine))
    }

    /// The lines, each column as wide as its widest cell, none with spaces at its end.
    package func lines(indentedBy indent: Int = 0) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = String(repeating: " ", count: indent)
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
