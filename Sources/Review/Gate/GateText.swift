internal import Core
internal import Model

/// The result of a gate as text for a terminal: the decision and the numbers, then the lists, worst first.
package struct GateText: Sendable {
    private let gate: Gate
    /// The maximum number of entries shown of a list; nil for no limit.
    private let limit: Int?

    /// - Parameter isWhole: Whether to show all entries of each list.
    package init(_ gate: Gate, isWhole: Bool) {
        self.gate = gate
        limit = isWhole ? nil : 5
    }

    /// The lines, without colour.
    package var lines: [String] {
        guard limit != nil else { return [summary] + wholeLists }
        return [summary] + list("regressions", gate.regressions)
            + list("undecided", gate.undecided)
            + list("accepted failures that now succeed: remove the acceptance", gate.stale)
    }

    private var wholeLists: [String] {
        let lists = [
            ("regressions", gate.regressions), ("undecided", gate.undecided),
            ("accepted failures that now succeed: remove the acceptance", gate.stale),
            ("still failing", gate.stillFailing), ("accepted", gate.accepted),
        ]
        return lists.flatMap { title, entries -> [String] in
            guard !entries.isEmpty else { return [] }
            var table = TextTable()
            for entry in entries { table.add(entry.row) }
            return ["", "\(title):"] + table.lines(indentedBy: 2)
        }
    }

    private var summary: String {
        var parts = [
            (gate.regressions.count, "regression"), (gate.undecided.count, "undecided"),
            (gate.stillFailing.count + gate.unlistedStillFailing, "still failing"), (gate.accepted.count, "accepted"),
            (gate.stale.count, "stale"),
        ].compactMap { number, word in
            number == 0 ? nil : word == "regression" ? count(number, word) : "\(number) \(word)"
        }
        parts.append("\(gate.good) of \(count(gate.required, "required cell")) good")
        return "\(gate.decision.rawValue): " + parts.joined(separator: ", ")
            + (gate.base.map { ", against \($0)" } ?? "")
    }

    /// A line for each group, largest first, with one entry and the number of others.
    private func list(_ title: String, _ entries: [Gate.Entry]) -> [String] {
        guard !entries.isEmpty else { return [] }
        let groups = Dictionary(grouping: entries, by: \.groupKey).values.sorted {
            ($1.count, $0[0].cell) < ($0.count, $1[0].cell)
        }
        var table = TextTable()
        let hasCauses = groups.contains { $0[0].causeID != nil }
        for group in groups.prefix(limit ?? .max) {
            let first = group.first { $0.cause == $0.cell } ?? group[0]
            let more = group.count == 1 ? "" : "and \(count(group.count - 1, "cell")) more"
            let id = hasCauses ? [first.causeID ?? ""] : []
            table.add(id + [first.cell.description, first.words, more, first.shortReason])
        }
        let hidden = groups.dropFirst(limit ?? .max).reduce(0) { $0 + $1.count }
        let rest = hidden == 0 ? [] : ["  … and \(count(hidden, "cell")) of other causes (--all)"]
        return ["", "\(title):"] + table.lines(indentedBy: 2) + rest
    }
}

extension Gate.Entry {
    /// The key by which entries are grouped: the cause or, for cells that are not bad, the state.
    fileprivate var groupKey: [String] { causeID.map { [$0] } ?? [state, why ?? "", accepted ?? ""] }

    fileprivate var row: [String] { [cell.description, words, accepted ?? shortReason] }

    /// The state and the state before.
    fileprivate var words: String {
        let before = before.map { "was \($0)" + (packageBefore.map { " with \($0.version)" } ?? "") }
        let notes = [before, why].compactMap { $0 }.joined(separator: "; ")
        return state + (notes.isEmpty ? "" : " (\(notes))")
    }

    fileprivate var shortReason: String {
        reason.flatMap { $0.split(whereSeparator: \.isNewline).first.map(String.init) } ?? ""
    }
}
