package import Git
package import Model

/// A result in the history of a cell.
package struct PastResult: Codable, Sendable, Hashable {
    /// The commit that recorded it.
    package var commit: ObjectID
    /// Seconds since 1970, when it was recorded; 0 if the store does not have the commit.
    package var time: Int
    /// The run that recorded it; absent if unknown.
    package var run: Int?
    /// Absent if the result was removed.
    package var outcome: Outcome?
    /// The phase that failed; absent if none did.
    package var phase: Phase?
    /// The normalised error line.
    package var signature: String?
    /// The change compared with the previous verdict.
    package var change: ResultChange?

    /// Whether the result is a verdict on the package.
    package var isVerdict: Bool { outcome?.isVerdict(change) ?? false }
}

extension ResultIndex {
    /// All results of a cell, newest first; if the plan has no such cell, those of a job that decides no cell.
    ///
    /// The document of a result is in the tree of its commit.
    ///
    /// - Complexity: O(results of the cell).
    package func history(of cell: Cell) throws -> [PastResult] {
        try withSoundHistory { contents in
            for isInput in [false, true] {
                guard let position = contents.position(of: cell, isInput: isInput),
                    contents.cells[position].row != HistoryRow.none
                else { continue }
                return try contents.pastResults(from: contents.cells[position].row)
            }
            return []
        }
    }

    /// The indexed cells of the versions of a package in a column, sorted by name.
    ///
    /// - Complexity: O(versions + log cells).
    package func versions(of package: String, target: String, compiler: String) -> [Cell] {
        positions(of: package, target: target, compiler: compiler).reduce(into: []) { cells, position in
            let cell = contents.cell(at: position)
            if cells.last != cell { cells.append(cell) }
        }
    }

    /// The indexed versions of a cell's package in its column, sorted by name; those of a unikernel for the same
    /// backend only.
    ///
    /// - Complexity: O(versions + log cells).
    package func versions(of cell: Cell) -> [Cell] {
        versions(of: cell.package.name, target: cell.target, compiler: cell.compiler)
            .filter { $0.position == cell.position }
    }

    /// The indexes of the versions of a package in a column that are planned or have results, in order of their names.
    ///
    /// - Complexity: O(versions + log cells).
    func positions(of package: String, target: String, compiler: String) -> [Int] {
        let texts = contents.texts
        guard let nameID = texts.id(of: package), let targetID = texts.id(of: target),
            let compilerID = texts.id(of: compiler)
        else { return [] }
        let first = contents.firstInOrder { [contents] position in
            let cell = contents.cells[position]
            return (texts[cell.target], texts[cell.compiler], texts[cell.name]) < (target, compiler, package)
        }
        var positions: [Int] = []
        for position in contents.order[first...].lazy.map(Int.init) {
            let indexed = contents.cells[position]
            guard (texts[indexed.target], texts[indexed.compiler], texts[indexed.name]) == (target, compiler, package)
            else { break }
            guard indexed.name == nameID, indexed.target == targetID, indexed.compiler == compilerID,
                indexed.basis != .unplanned || indexed.row != HistoryRow.none
            else { continue }
            positions.append(position)
        }
        return positions
    }
}

extension IndexContents {
    /// The results of a cell, from a row backwards.
    func pastResults(from newest: HistoryRow.Number) throws(IndexDamage) -> [PastResult] {
        var results: [PastResult] = []
        var number = newest
        while number != HistoryRow.none {
            let row = try history[number]
            results.append(
                PastResult(
                    commit: row.commit, time: Int(row.time), run: row.run == 0 ? nil : Int(row.run),
                    outcome: row.outcome,
                    phase: row.phase, signature: texts.text(row.signature), change: row.change))
            number = row.before
        }
        return results
    }
}
