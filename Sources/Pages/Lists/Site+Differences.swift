internal import Core
internal import Model
internal import Review

extension Site {
    /// Pairs of runs whose comparisons are linked from other pages: each of the newest runs with the previous one.
    var comparedRuns: [(before: Int, after: Int)] {
        zip(runs.dropFirst(), runs).prefix(20).map { ($0.number, $1.number) }
    }

    /// The page of the differences between two runs; nil if one of them does not exist.
    func differencePage(from before: String, to after: String) throws -> Page? {
        guard let difference = try difference(from: before, to: after) else { return nil }
        let sections = Self.worstFirst.compactMap { kind -> TemplateValues? in
            let changes = difference.changes.filter { $0.kind == kind }
            return changes.isEmpty ? nil : section(kind, changes)
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
    private func section(_ kind: ChangeKind, _ changes: [Difference.Change]) -> TemplateValues {
        let groups = Dictionary(grouping: changes, by: { $0.causeID ?? $0.cell.description }).values
            .sorted { ($1.count, $0[0].cell) < ($0.count, $1[0].cell) }
        let limit = 200
        return [
            "anchor": kind.rawValue.replacing(" ", with: "-"), "heading": kind.rawValue,
            "count": groups.count > limit
                ? "\(counted(changes.count, "cell")), the \(limit) largest groups" : counted(changes.count, "cell"),
            "rows": groups.prefix(limit).map { group -> TemplateValues in
                let first = group.first { $0.cause == $0.cell } ?? group[0]
                let cell = self.cell(named: first.cell)
                return [
                    "cells": number(group.count), "package": shown((first.cause ?? first.cell).package.description),
                    "href": cell.map(href) ?? "packages/\(address(first.cell.package.name)).html",
                    "columns": columnsInWords(Set(group.map(\.cell)).sorted()),
                    "words": shown(first.words),
                    "reason": shown(first.reason ?? first.signature ?? "", limit: 200),
                ]
            },
        ]
    }
}
