internal import Core
internal import Model
internal import Review

extension Site {
    /// The first characters of package names, which name the pages of the tables.
    var tableLetters: [String] { Set(packageNames.map(Self.letter)).sorted() }

    private static func letter(of name: String) -> String {
        guard let first = name.lowercased().first, first.isASCII, first.isLetter else { return "0-9" }
        return String(first)
    }

    /// The cells of packages with an initial letter as a table, as an alternative to the grid; nil selects the first
    /// letter.
    func packageTablePage(letter wanted: String?) -> Page? {
        let letters = tableLetters
        let letter = wanted ?? letters.first ?? ""
        guard wanted == nil || letters.contains(letter) else { return nil }
        let own = grid.names.indices.filter { Self.letter(of: grid.names[$0]) == letter }
        let versions = "\(number(own.count)) of \(counted(grid.names.count, "package version"))"
        return page(
            "table", at: wanted == nil ? "packages.html" : "tables/\(letter).html", title: "Packages",
            [
                "summary": "\(letter): \(versions) × \(counted(columns.count, "column"))",
                "letters": letters.map { entry -> TemplateValues in
                    ["label": entry, "href": "tables/\(entry).html", "current": entry == letter]
                },
                "columns": columns.map { ["target": shown($0.target), "compiler": shown($0.compiler)] },
                "rows": own.map { row -> TemplateValues in
                    let name = grid.names[row]
                    return [
                        "name": shown(name), "file": address(PackageVersion(name)?.name ?? name),
                        "cells": TableRows.section(
                            ["class", "words"],
                            grid.cells[row].map { cell in
                                guard let cell else { return ["none", ""] }
                                let look = StandingPresentation(cell)
                                return [look.name, look.name]
                            }),
                    ]
                },
            ])
    }

    /// The page of a package: its state in all columns, and each of its causes.
    func packagePage(_ name: String) throws -> Page? {
        guard let indexes = packages[name] else { return nil }
        let own = indexes.map { cells[$0] }
        let good = own.count { $0.state.outcome == .success }
        let problems = Dictionary(grouping: own.filter { causesOfCells[$0.state.cell] != nil }) {
            causesOfCells[$0.state.cell] ?? 0
        }
        return page(
            "package", at: "packages/\(name).html", title: name, feed: "feeds/packages/\(address(name)).xml",
            [
                "hasPeople": people.metadata[name] != nil, "people": peopleRows(of: name),
                "name": shown(name), "summary": "\(good) of \(counted(own.count, "cell")) good",
                "cells": TableRows.section(Self.packageColumns, own.map(packageRow)), "hasProblems": !problems.isEmpty,
                "problems": problems.sorted { $0.key < $1.key }.map { index, cells -> TemplateValues in
                    [
                        "id": causes[index].id, "sentence": sentence(of: causes[index], limit: 200),
                        "columns": columnsInWords(cells.map(\.state.cell)),
                    ]
                },
            ])
    }

    private static let packageColumns = [
        "anchor", "targetHref", "target", "compiler", "version", "class", "mark", "href", "words", "since", "time",
        "reason",
    ]

    private func packageRow(_ cell: ListedCell) -> [String] {
        let name = cell.state.cell
        let look = StandingPresentation(cell)
        return [
            anchor(name), "../targets/\(address(name.target)).html", shown(name.target), shown(name.columnName),
            shown(name.package.withoutBackend.version), look.name, look.mark, "../\(href(cell))",
            shown(cell.state.words, limit: 60), since(cell),
            cell.state.duration.map { "\(Int($0.rounded())) s" } ?? "", why(cell, limit: 300),
        ]
    }
}
