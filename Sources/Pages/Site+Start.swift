internal import Core
internal import Model
internal import Review

extension Site {
    /// The standings in the order of their importance.
    static let order: [Standing] = [
        .broken, .new, .fixed, .stillFailing, .blocked, .flaky, .infrastructure, .unsolvable, .ownOCaml, .cancelled,
        .pending, .ok,
        .excluded,
    ]

    /// The start page: numbers, changes in the last run, causes, and columns.
    func startPage() throws -> Page {
        let counts = cells.standings
        let run = runs.first
        var values: TemplateValues = [
            "repositories": results.header.repositories.map { repository -> TemplateValues in
                ["location": shown(repository.location), "commit": String(repository.commit.prefix(12))]
            },
            "run": run.map { "run \($0.number), \(time($0.end ?? $0.begin))" } ?? "not run yet",
            "figures": Self.order.compactMap { standing -> TemplateValues? in
                guard let count = counts[standing] else { return nil }
                return [
                    "class": StandingPresentation(standing).name, "number": number(count),
                    "label": StandingPresentation.words(standing),
                ]
            },
            "bar": bar(counts), "denominator": denominator,
            "changesAgainst": run.map {
                $0.number > 1 ? "in run \($0.number), compared with earlier results" : "in the first run"
            } ?? "",
            "changes": changes(),
        ]
        let failures = causes.filter { !$0.isUnsolvable }
        values.merge(causeTable(Array(failures.prefix(20)), of: failures.count))
        values["unsolvable"] = optional(unsolvableNote(cells))
        values.merge(columnTable(columns))
        return page("start", at: "index.html", title: "Start", values)
    }

    /// The shares of the standings in thousandths.
    private func bar(_ counts: [Standing: Int]) -> [TemplateValues] {
        var start = 0.0
        return Self.order.reversed().compactMap { standing in
            guard let count = counts[standing] else { return nil }
            let width = 1000 * Double(count) / Double(max(1, cells.count))
            defer { start += width }
            return [
                "class": StandingPresentation(standing).name, "x": "\((start * 10).rounded() / 10)",
                "width": "\((width * 10).rounded() / 10)",
            ]
        }
    }

    /// The changes in the last run by standing.
    private func changes() -> [TemplateValues] {
        [Standing.broken, .new, .fixed, .flaky].compactMap { standing in
            let changed = cells.filter { $0.standing == standing }
            guard !changed.isEmpty else { return nil }
            let look = StandingPresentation(standing)
            var known: Set<String> = []
            let names = changed.map(\.state.cell.package.name).filter { known.insert($0).inserted }
            return [
                "class": look.name, "mark": look.mark, "href": "grid.html#q=state:\(look.name)",
                "label": "\(counted(changed.count, "cell")) \(StandingPresentation.words(standing))",
                "packages": shown(names.list(first: 12)),
            ]
        }
    }

    /// The template values of the table of columns with the standings of their cells.
    func columnTable(_ columns: [SiteColumn]) -> TemplateValues {
        let counts = siteColumns.standings
        let used = Self.order.filter { standing in columns.contains { counts[$0]?[standing] != nil } }
        return [
            "columnsCaption": "Cells by state", "states": used.map { ["label": StandingPresentation.words($0)] },
            "columns": columns.map { column -> TemplateValues in
                let own = counts[column] ?? [:]
                return [
                    "target": shown(column.target), "targetFile": address(column.target),
                    "compiler": shown(column.compiler),
                    "cells": number(own.values.reduce(0, +)),
                    "counts": used.map { standing -> TemplateValues in
                        let count = own[standing] ?? 0
                        return [
                            "number": number(count), "class": count == 0 ? "zero" : StandingPresentation(standing).name,
                        ]
                    },
                ]
            },
        ]
    }
}
