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
        /// The run that recorded it; absent if unknown.
        package var run: Int?
        /// The commit on the branch of results.
        package var commit: String
        /// The package with the version of the result.
        package var package: PackageVersion
        /// The outcome.
        package var outcome: Outcome
        /// The phase that failed.
        package var phase: Phase?
        /// The normalised error line.
        package var signature: String?
        /// The change compared with the previous verdict.
        package var change: ResultChange?

        /// The outcome in a few words.
        package var words: String { outcome.words(in: phase, change) }

        /// Whether the result is a verdict on the package.
        var isVerdict: Bool { outcome.isVerdict(change) }
        /// Whether the package was good.
        var isGood: Bool { outcome == .success }
        /// Whether the result is a verdict and not good.
        var isBad: Bool { isVerdict && !isGood }

        /// Whether the results fail in the same way.
        func isAlike(_ other: Entry) -> Bool {
            (outcome, phase, signature) == (other.outcome, other.phase, other.signature)
        }
    }

    /// The requested cell, with the version of its newest result.
    package var cell: Cell
    /// The results, newest first, without removed ones.
    package var entries: [Entry]

    /// The last good result and the first bad one after it; nil if the newest verdict is good or there is no good one.
    package var turn: (good: Entry, bad: Entry)? {
        guard let newest = entries.first(where: \.isVerdict), newest.isBad,
            let good = entries.first(where: \.isGood),
            let bad = entries.prefix(while: { !$0.isGood }).last(where: \.isBad)
        else { return nil }
        return (good, bad)
    }

    /// The first of the newest results that fail alike, if the newest verdict is not good and fails in another way than
    /// the first bad one; otherwise nil.
    package var present: Entry? {
        guard let turn, let newest = entries.first(where: \.isVerdict), !newest.isAlike(turn.bad) else { return nil }
        return entries.filter(\.isVerdict).prefix { $0.isAlike(newest) }.last
    }
}

extension DeploymentResults {
    /// The history of the cell that a selector matches, across the versions of its package.
    ///
    /// - Throws: `Failure` of the category `input` if it matches no cell or several; `StoreError`.
    package func history(of selector: Selector) throws -> CellHistory {
        try history(of: try state(picked: selector).cell)
    }

    /// The history of a cell, across the versions of its package.
    ///
    /// - Throws: `StoreError`.
    package func history(of cell: Cell) throws -> CellHistory {
        let versions = index.versions(of: cell)
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
        // Results of one version keep the order of their commits; results of different versions within the same second
        // are ordered by run.
        let ordered = entries.enumerated().sorted { left, right in
            let (newer, older) = (left.element, right.element)
            return (older.time, older.run ?? 0, left.offset) < (newer.time, newer.run ?? 0, right.offset)
        }
        return CellHistory(cell: cell, entries: ordered.map(\.element))
    }
}
