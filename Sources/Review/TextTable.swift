internal import Core

/// A table of aligned text columns without colour or borders; each row takes one line, regardless of its contents.
package struct TextTable: Sendable {
    private var rows: [[String]] = []

    /// An empty table.
    package init() {}

    /// Adds a line.
    package mutating func add(_ cells: [String]) {
        rows.append(cells.map(\.displayableOnOneLine))
    }

    /// The lines, without trailing spaces. Each column is as wide as its widest cell.
    ///
    /// - Parameter firstNumber: The first of the right-aligned columns.
    package func lines(indentedBy indent: Int = 0, numbersFrom firstNumber: Int = .max) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = String(repeating: " ", count: indent)
            for (column, (cell, width)) in zip(row, widths).enumerated() {
                let space = String(repeating: " ", count: width - cell.count)
                line += column < firstNumber ? cell + space + "  " : space + cell + "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
