internal import Core
internal import Model
internal import Review

extension Site {
    /// The page of targets with the standings of their cells.
    func targetListPage() -> Page {
        let counts = Dictionary(grouping: cells, by: \.state.cell.target)
        let targets = Dictionary(results.header.targets.map { ($0.name, $0) }) { first, _ in first }
        return page(
            "linkList", at: "targets.html", title: "Targets",
            [
                "heading": "Targets", "summary": number(targetNames.count),
                "caption": "Cells of each target, over all compilers",
                "headings": [("target", false), ("cells", true), ("good", true), ("bad", true), ("plugin", false)].map {
                    ["label": $0.0, "isNumber": $0.1]
                } as [TemplateValues],
                "rows": targetNames.map { name -> TemplateValues in
                    let own = counts[name] ?? []
                    let plugin = targets[name].map { "\($0.plugin.name) \($0.plugin.version)" } ?? ""
                    let fields: [(String, Bool)] = [
                        (number(own.count), true), (number(own.count { $0.state.outcome == .success }), true),
                        (number(own.count { causesOfCells[$0.state.cell] != nil }), true), (plugin, false),
                    ]
                    return [
                        "label": shown(name), "href": "targets/\(address(name)).html",
                        "fields": fields.map { ["text": shown($0.0), "isNumber": $0.1] } as [TemplateValues],
                    ]
                },
            ])
    }

    /// The page of a target for porters: the standings of its cells, the failures that occur only there, and their
    /// causes.
    func targetPage(_ name: String) -> Page? {
        guard targetNames.contains(name) else { return nil }
        let own = cells.filter { $0.state.cell.target == name }
        let here = causes.filter { cause in
            (cause.cells + cause.blocks).contains { $0.target == name } && !cause.isUnsolvable
        }
        let only = own.filter(failsOnlyHere)
        var values: TemplateValues = [
            "name": shown(name), "summary": counted(own.count, "cell"), "hasOnlyHere": !only.isEmpty,
            "onlyHereSummary": number(only.count),
            "onlyHere": only.prefix(500).map { cell -> TemplateValues in
                let package = cell.state.cell.package
                return link(cell).merging(
                    [
                        "package": shown(package.withoutBackend.description),
                        "packageHref": "packages/\(address(package.name)).html",
                        "compiler": shown(cell.state.cell.columnName),
                        "reason": why(cell, limit: 200),
                    ]
                )
            },
        ]
        values.merge(causeTable(here, of: here.count, limit: 300))
        values["unsolvable"] = optional(unsolvableNote(own))
        values.merge(columnTable(columns.filter { $0.target == name }))
        return page(
            "target", at: "targets/\(name).html", title: name, feed: "feeds/targets/\(address(name)).xml", values)
    }

    /// Whether a package fails on this target but is built on another one with the same compiler.
    func failsOnlyHere(_ cell: ListedCell) -> Bool {
        guard cell.state.outcome == .failure else { return false }
        let name = cell.state.cell
        return (packages[name.package.name] ?? []).lazy.map { cells[$0] }.contains { other in
            other.state.cell.target != name.target && other.state.cell.columnName == name.columnName
                && other.state.outcome == .success
        }
    }
}
