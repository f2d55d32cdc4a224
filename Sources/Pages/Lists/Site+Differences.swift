internal import Core
internal import Model
internal import Review

extension Site {
    /// Pairs of runs whose comparisons are linked from other pages: each of the newest runs with the previous one.
    var comparedRuns: [(before: Int, after: Int)] {
        zip(runs.dropFirst(), runs).prefix(20).map { ($0.number, $1.number) }
    }

    /// The page of the differences between two runs; nil if one of them does not exist.
    ///
    /// The newest run has the current states, with their reasons and pages. A page about earlier runs shows nothing that
    /// a later run changes, so that it stays as it is.
    func differencePage(from before: String, to after: String) throws -> Page? {
        guard let difference = try difference(from: before, to: after) else { return nil }
        let isCurrent = runs.first.map { "\($0.number)" == after } ?? false
        let sections = Self.worstFirst.compactMap { kind -> TemplateValues? in
            let changes = difference.changes.filter { $0.kind == kind }
            return changes.isEmpty ? nil : section(kind, changes, isCurrent: isCurrent)
        }
        return page(
            "diff", at: "diff/\(before)/\(after).html", title: "Run \(before) to run \(after)",
            [
                "before": before, "after": after, "summary": "\(counted(difference.compared, "cell")) compared",
                "beforeKnown": runs.contains { "\($0.number)" == before },
                "afterKnown": runs.contains { "\($0.number)" == after },
                "totals": difference.totals.map { ["number": number($0.cells), "label": $0.kind.rawValue] },
                "sections": sections,
            ])
    }

    /// The difference between two runs with the given numbers; nil if one of them is not recorded.
    func difference(from before: String, to after: String) throws -> Difference? {
        guard let old = Int(before), let new = Int(after), old > 0, new > 0, "\(old)" == before, "\(new)" == after,
            max(old, new) <= runs.first?.number ?? 0
        else { return nil }
        do {
            return try results.difference(
                from: results.side(named: "run:\(old)"), to: results.side(named: "run:\(new)"), hasReasons: false)
        } catch let failure as Failure where failure.category == .input {
            return nil
        }
    }

    private static let worstFirst: [ChangeKind] = [.broken, .new, .fixed, .stillBad, .unknown, .gone]

    /// The changes of one kind, with a row for each cause.
    private func section(_ kind: ChangeKind, _ changes: [Difference.Change], isCurrent: Bool) -> TemplateValues {
        let groups = Dictionary(grouping: changes, by: { $0.causeID ?? $0.cell.description }).values
            .sorted { ($1.count, $0[0].cell) < ($0.count, $1[0].cell) }
        let limit = 200
        let blocked = changes.count { $0.after == Outcome.blocked.rawValue }
        let parts = [
            counted(changes.count, "cell"), blocked == 0 ? nil : "\(number(blocked)) of them blocked",
            groups.count > limit ? "the \(limit) largest groups" : nil,
        ]
        return [
            "anchor": kind.rawValue.replacing(" ", with: "-"), "heading": kind.rawValue,
            "count": parts.compactMap { $0 }.joined(separator: ", "),
            "rows": groups.prefix(limit).map { row(of: $0, isCurrent: isCurrent) },
        ]
    }

    /// The row of changes with one cause.
    private func row(of group: [Difference.Change], isCurrent: Bool) -> TemplateValues {
        let first = group.first { $0.cause == $0.cell } ?? group[0]
        let cell = first.cause ?? first.cell
        let others = Set(group.map { ($0.cause ?? $0.cell).package }).count - 1
        let reason = isCurrent ? first.reason ?? first.signature : first.signature ?? first.reason
        return [
            "cells": number(group.count), "package": shown(cell.package.description),
            "others": others > 0 ? " and \(number(others)) more" : "",
            "href": optional(isCurrent ? currentLink(to: cell, cause: first.causeID) : lastingLink(to: cell)),
            "columns": columnsInWords(Set(group.map(\.cell)).sorted()), "words": shown(first.words),
            "reason": shown(reason ?? "", limit: 200),
        ]
    }

    /// The link to a cell that fails now or was repaired in the newest run.
    private func currentLink(to name: Cell, cause: String?) -> String? {
        if let cell = cell(named: name) { return href(cell) }
        return cause.flatMap { self.cause($0) }.map { "causes/\($0.id).html" } ?? lastingLink(to: name)
    }

    /// The link to a cell's row, which is the same whatever its state is, or to the package if the cell is no longer
    /// planned; nil if the package is not planned.
    private func lastingLink(to name: Cell) -> String? {
        guard packages[name.package.name] != nil else { return nil }
        let page = "packages/\(address(name.package.name)).html"
        return cell(named: name) == nil ? page : "\(page)#\(anchor(name))"
    }
}
