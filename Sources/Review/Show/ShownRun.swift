internal import Core
package import Model
internal import Records

/// A run and the changes that it made.
package struct ShownRun: Encodable, Sendable {
    /// The record of the run.
    package let run: RunRecord
    /// The previous run, with which the results are compared. Absent for the first run.
    package let against: Int?
    /// The number of compared cells.
    package let compared: Int
    /// The number of cells with each kind of change, without zeros.
    package let totals: [String: Int]
    /// The changes by kind and cause. New cells that are good are only counted.
    package let changes: [Difference.Group]
    /// The lines of the changes.
    let text: [String]

    enum CodingKeys: CodingKey { case run, against, compared, totals, changes }
}

extension DeploymentResults {
    /// The run with a number, or `last`, `last~1`; nil for other words.
    ///
    /// - Throws: `Failure` of the category `input` if there is no such run; `StoreError`.
    func shownRun(_ word: String) throws -> ShownRun? {
        guard let run = try runRecord(named: word) else { return nil }
        let runs = RunRecords(of: header.deployment, in: store)
        let previous = try runs.newest(limit: 2, upTo: run.number).first { $0.number < run.number }
        // A result that was not recorded by a run is attributed by its time.
        let before =
            try previous.map { try moment(of: $0, runs) }
            ?? ResultMoment(title: "no results", run: 0, time: run.begin - 1)
        let after = try moment(of: run, runs)
        let difference = try difference(from: before, to: after, hasReasons: false)
        let side = ComparisonSide(title: after.title, at: after)
        let groups = try DifferenceText.sections.flatMap { kind, _ in
            try difference.groups(of: kind).map { group in
                var group = group
                group.reason = try reason(of: group.first, in: side)
                return group
            }
        }
        let text = DifferenceText(difference, before: before.title, after: after.title) {
            change in groups.first { $0.first.cell == change.cell }?.reason
        }
        let head = Self.words(of: run) + ["against \(before.title):"]
        return ShownRun(
            run: run, against: previous?.number, compared: difference.compared,
            totals: Dictionary(uniqueKeysWithValues: difference.totals.map { ($0.kind.rawValue, $0.cells) }),
            changes: groups, text: try text.lines(below: head, limit: ShownText.limit - 2))
    }

    /// The run in a few lines: time, inputs and outcome.
    private static func words(of run: RunRecord) -> [String] {
        let ending = run.ending?.rawValue ?? "running"
        let end = run.end.map { " to \(UTCTime.minute($0))" } ?? ""
        var lines = ["run \(run.number): \(ending), \(UTCTime.minute(run.begin))\(end), \(run.trigger)"]
        let selectors = run.selectors?.joined(separator: " ") ?? "all cells"
        lines.append("plan \(run.plan?.prefix(12).description ?? "unknown"), \(selectors)")
        if let cells = run.cells {
            let words = TargetTable.stateOrder.compactMap { state in cells[state].map { "\($0) \(state)" } }
            lines.append("cells: " + words.joined(separator: ", "))
        }
        if let changes = run.changes {
            let words = ResultChange.allCases.compactMap { change in
                changes[change.rawValue].map { "\($0) \(change.rawValue)" }
            }
            lines.append("recorded: " + (words.isEmpty ? "no results" : words.joined(separator: ", ")))
        }
        return lines
    }
}
