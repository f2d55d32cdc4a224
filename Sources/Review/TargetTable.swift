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

    /// The number of cells in each state in words, in a fixed order, without zeros.
    var counts: [String] {
        let states = rows.flatMap(\.states).compactMap(\.self)
        return Self.words(
            of: Dictionary(states.map { ($0.state, 1) }, uniquingKeysWith: +),
            undecided: states.count { $0.undecided == true })
    }

    /// Numbers of cells in words, in the order of `stateOrder`: `5 blocked (2 by infrastructure failures)`.
    ///
    /// - Parameters:
    ///   - states: The number of cells in each state.
    ///   - undecided: The number of blocked cells that an infrastructure failure blocks.
    static func words(of states: [String: Int], undecided: Int?) -> [String] {
        stateOrder.compactMap { state in
            guard let cells = states[state] else { return nil }
            guard state == Outcome.blocked.rawValue, let undecided, undecided > 0 else { return "\(cells) \(state)" }
            return "\(cells) \(state) (\(undecided) by infrastructure failures)"
        }
    }

    /// All values of `CellState.state`.
    package static let stateOrder = Outcome.allCases.map(\.rawValue) + ["pending", "excluded"]
}
