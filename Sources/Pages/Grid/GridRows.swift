internal import Model
internal import Review

/// The rows of the grid: sorted package versions, with a cell or nil for each column.
struct GridRows: Sendable {
    private(set) var names: [String] = []
    private(set) var cells: [[ListedCell?]] = []

    init(_ cells: [ListedCell], columns: [SiteColumn]) {
        let numbers = Dictionary(uniqueKeysWithValues: zip(columns, columns.indices))
        var rows: [PackageVersion: [ListedCell?]] = [:]
        for cell in cells {
            guard let column = numbers[SiteColumn(cell.state.cell)] else { continue }
            rows[cell.state.cell.package.withoutBackend, default: Array(repeating: nil, count: columns.count)][column] =
                cell
        }
        for (package, row) in rows.sorted(by: { $0.key < $1.key }) {
            names.append(package.description)
            self.cells.append(row)
        }
    }
}
