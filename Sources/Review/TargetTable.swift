package import Model

/// The results of one target: packages down, compilers across.
package struct TargetTable: Sendable {
    /// A package version with its state in each column of the table; nil if the plan has no such cell.
    package struct Row: Sendable {
        /// The package and version of the row.
        package var package: PackageVersion
        /// The states in the order of the table's columns.
        package var states: [CellState?]
    }

    /// The target's name.
    package var target: String
    /// The columns, by name: compilers, for unikernels with their backends.
    package var columns: [String]
    /// The rows, by package.
    package var rows: [Row]

    /// One table for each target that has cells, by name.
    package static func tables(of states: [CellState]) -> [TargetTable] {
        Dictionary(grouping: states, by: \.cell.target).sorted { $0.key < $1.key }.map { target, states in
            let columns = Set(states.map(\.cell.columnName)).sorted()
            let rows = Dictionary(grouping: states, by: \.cell.package.withoutBackend).sorted { $0.key < $1.key }.map {
                package, states in
                let byColumn = Dictionary(
                    states.map { ($0.cell.columnName, $0) }, uniquingKeysWith: { first, _ in first })
                return Row(package: package, states: columns.map { byColumn[$0] })
            }
            return TargetTable(target: target, columns: columns, rows: rows)
        }
    }

    /// The number of cells in each state, in a fixed order, without zeros.
    package var counts: [(state: String, count: Int)] {
        var counts: [String: Int] = [:]
        for state in rows.flatMap(\.states) { if let state { counts[state.state, default: 0] += 1 } }
        return TargetTable.stateOrder.compactMap { state in counts[state].map { (state, $0) } }
    }

    /// All values of `CellState.state`.
    package static let stateOrder = Outcome.allCases.map(\.rawValue) + ["pending", "excluded"]
}
