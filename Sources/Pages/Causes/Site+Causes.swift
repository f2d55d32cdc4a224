internal import Core
internal import Model
internal import Review

extension Site {
    /// All causes except those of unsolvable cells, which have their own page.
    func causeListPage() -> Page {
        let failures = causes.filter { !$0.isUnsolvable }
        let note = optional(unsolvableNote(cells))
        return page(
            "causeList", at: "causes.html", title: "Causes",
            causeTable(failures, of: failures.count, limit: 500).merging(["heading": "Causes", "unsolvable": note]))
    }

    /// The values of a table of causes.
    ///
    /// - Parameter total: The total number of causes, including those omitted from the table.
    func causeTable(_ causes: [Cause], of total: Int, limit: Int = .max) -> TemplateValues {
        let listed = Array(causes.prefix(limit))
        return [
            "causesCaption": "Each bad cell belongs to exactly one cause.",
            "hasCauses": !causes.isEmpty, "causesEmpty": "No cell failed.",
            "causesSummary": listed.count < total ? "the first \(listed.count) of \(number(total))" : number(total),
            "causes": listed.map { cause -> TemplateValues in
                [
                    "cells": number(cause.cells.count),
                    "blocks": optional(cause.blocks.isEmpty ? nil : number(cause.blocks.count)),
                    "id": cause.id, "sentence": sentence(of: cause, limit: 200), "packages": packagesInWords(cause),
                    "columns": columnsInWords(cause.cells + cause.blocks),
                    "since": cause.sinceRun.map { "run \($0)" } ?? cause.since.map { String(time($0).prefix(10)) }
                        ?? "",
                ]
            },
        ]
    }

    /// A one-line description of a cause.
    func sentence(of cause: Cause, limit: Int) -> String {
        shown(cause.reason ?? cause.signature ?? "\(cause.kind.rawValue) without an error message", limit: limit)
    }

    private func packagesInWords(_ cause: Cause) -> String {
        shown(cause.packages.list(first: 4))
    }

    /// The page of a cause: the error, the affected packages and columns, the blocked cells, and a text for an issue.
    func causePage(_ id: String) throws -> Page? {
        guard let cause = self.cause(id) else { return nil }
        let blocked = Dictionary(grouping: cause.blocks, by: \.package.name).sorted { $0.key < $1.key }
        let example = cause.cells.first
        let excerpt =
            example.flatMap { self.cell(named: $0) }.flatMap(excerpt) ?? cause.reason.map { shown($0) }
        var values: TemplateValues = [
            "kind": cause.kind.rawValue, "id": cause.id, "sentence": sentence(of: cause, limit: 300),
            "spoils": spoils(cause),
            "hasExcerpt": excerpt != nil, "excerpt": excerpt ?? "",
            "excerptOf": example.map { "from \($0)" } ?? "", "hasPackages": !cause.cells.isEmpty,
            "packagesSummary": number(cause.packages.count), "packages": packageRows(cause),
            "hasBlocked": !blocked.isEmpty,
            "blocksSummary": "\(counted(cause.blocks.count, "cell")) of \(counted(blocked.count, "package"))",
            "blocked": blocked.prefix(1000).map { name, cells -> TemplateValues in
                [
                    "name": shown(name), "href": "packages/\(address(name)).html",
                    "times": optional(cells.count > 1 ? "\(cells.count)" : nil),
                ]
            },
            "hasIssue": cause.kind == .failure, "issue": shown(issue(cause, excerpt: excerpt)),
        ]
        if let phase = cause.phase { values["phase"] = phase.rawValue }
        if let signature = cause.signature { values["signature"] = shown(signature, limit: 400) }
        let since = [cause.sinceRun.map { "run \($0)" }, cause.since.map { time($0) }].compactMap { $0 }
        if !since.isEmpty { values["since"] = since.joined(separator: ", ") }
        return page(
            "cause", at: "causes/\(id).html", title: sentence(of: cause, limit: 80), feed: "feeds/causes/\(id).xml",
            values)
    }

    /// The number of cells that a cause affects.
    private func spoils(_ cause: Cause) -> String {
        let extent = "in \(counted(cause.columns, "column")) of \(columns.count)"
        let own = "\(counted(cause.cells.count, "cell")) of \(counted(cause.packages.count, "package"))"
        guard !cause.blocks.isEmpty else { return "\(own), \(extent)" }
        if cause.cells.isEmpty { return "\(counted(cause.count, "cell")), all of them blocked, \(extent)" }
        return
            "\(counted(cause.count, "cell")): \(own), and \(counted(cause.blocks.count, "cell")) that they block, \(extent)"
    }

    /// What the table of causes omits; nil if it omits nothing.
    func unsolvableNote(_ cells: [ListedCell]) -> String? {
        let numbers = cells.compactMap { causesOfCells[$0.state.cell] }.filter { causes[$0].isUnsolvable }
        guard !numbers.isEmpty else { return nil }
        let cells = "\(counted(numbers.count, "cell")) \(numbers.count == 1 ? "has" : "have") no solution"
        return "\(cells): \(counted(Set(numbers).count, "cause"))"
    }

    private func packageRows(_ cause: Cause) -> [TemplateValues] {
        Dictionary(grouping: cause.cells, by: \.package).sorted { $0.key < $1.key }.prefix(1000).map { package, cells in
            let listed = cells.first.flatMap { self.cell(named: $0) }
            let log = listed?.state.log.flatMap { logs[$0] == nil ? nil : "logs/\($0).html" }
            return [
                "name": shown(package.description), "href": "packages/\(address(package.name)).html",
                "columns": columnsInWords(cells), "log": optional(log),
            ]
        }
    }

    /// The text of an issue about a cause, in Markdown.
    private func issue(_ cause: Cause, excerpt: String?) -> String {
        guard let cell = cause.cells.first else { return "" }
        let repositories = results.header.repositories.map { "\($0.location) at \($0.commit.prefix(12))" }
        let own = cause.cells.filter { $0.package == cell.package }
        let others = Set(cause.cells.map(\.package)).subtracting([cell.package]).sorted()
        let also =
            others.isEmpty ? "" : "\n\nThe same error: \(others.map(\.description).list(first: 20))"
        return """
            \(cell.package) fails\(cause.phase.map { " in \($0.rawValue)" } ?? "") on \(columnsInWords(own))\(also)

            ```
            \(excerpt ?? "")
            ```

            Repositories: \(repositories.joined(separator: ", "))
            Reproduce: ci reproduce \(cell)
            """
    }

    /// The cell with a name; nil if the plan has none.
    func cell(named name: Cell) -> ListedCell? {
        (packages[name.package.name] ?? []).lazy.map { cells[$0] }.first { $0.state.cell == name }
    }
}
