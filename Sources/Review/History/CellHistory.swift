internal import Core
internal import Git
package import Model
internal import Records
internal import Store

/// All results of a package in a column, over all its versions.
package struct CellHistory: Codable, Sendable {
    /// One recorded result.
    package struct Entry: Codable, Sendable {
        /// Seconds since 1970, when it was recorded.
        package var time: Int
        /// The run that recorded it; absent where that is unknown.
        package var run: Int?
        /// The commit on the branch of results.
        package var commit: String
        /// The package in the version of the result.
        package var package: PackageVersion
        /// The outcome.
        package var outcome: Outcome
        /// The phase that failed.
        package var phase: Phase?
        /// The normalised error line.
        package var signature: String?
        /// How it compared with the verdict before.
        package var change: ResultChange?

        /// The outcome in a few words.
        package var words: String { outcome.rawValue + (phase.map { " in \($0.rawValue)" } ?? "") }

        /// Whether the package was good.
        var isGood: Bool { outcome == .success }
        /// Whether the result says that the package was not good.
        var isBad: Bool { outcome.isVerdict && !isGood }
    }

    /// The cell that was asked for, in the version of its newest result.
    package var cell: Cell
    /// Newest first. Removed documents are left out.
    package var entries: [Entry]

    /// The newest result at which the package was good before it became bad, and the first bad one after it; nil where the
    /// newest verdict is good, or there is no good one.
    package var turn: (good: Entry, bad: Entry)? {
        guard let newest = entries.first(where: { $0.outcome.isVerdict }), newest.isBad,
            let good = entries.first(where: \.isGood),
            let bad = entries.prefix(while: { !$0.isGood }).last(where: \.isBad)
        else { return nil }
        return (good, bad)
    }
}

extension DeploymentResults {
    /// The history of the one cell that a selector matches, over the versions of its package.
    ///
    /// - Throws: `Failure` of the category `input` where it matches none or several; `StoreError`.
    package func history(of selector: Selector) throws -> CellHistory {
        try history(of: try state(picked: selector).cell)
    }

    /// The history of a cell, over the versions of its package.
    ///
    /// - Throws: `StoreError`.
    package func history(of cell: Cell) throws -> CellHistory {
        let versions = index.versions(of: cell.package.name, target: cell.target, compiler: cell.compiler)
        var entries: [CellHistory.Entry] = []
        for version in versions {
            for result in try index.history(of: version) {
                guard let outcome = result.outcome else { continue }
                entries.append(
                    CellHistory.Entry(
                        time: result.time, run: result.run, commit: result.commit.description, package: version.package,
                        outcome: outcome, phase: result.phase, signature: result.signature, change: result.change))
            }
        }
        // The results of one version are in the order of their commits; those of two within a second in that of their runs.
        let ordered = entries.enumerated().sorted { left, right in
            let (newer, older) = (left.element, right.element)
            return (older.time, older.run ?? 0, left.offset) < (newer.time, newer.run ?? 0, right.offset)
        }
        return CellHistory(cell: cell, entries: ordered.map(\.element))
    }
}
