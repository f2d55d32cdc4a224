internal import Core
internal import Model
internal import Review

extension Site {
    /// The page of maintainers, those with the most bad cells first.
    func maintainerListPage() -> Page {
        let rows = people.maintainers.map { maintainer in (maintainer, figures(of: cells(of: maintainer))) }
            .sorted { ($1.1.bad, $0.0.name.lowercased()) < ($0.1.bad, $1.0.name.lowercased()) }
        let headings = [("maintainer", false), ("packages", true), ("cells", true), ("good", true), ("bad", true)]
        let limit = 1500
        return page(
            "linkList", at: "maintainers.html", title: "Maintainers",
            [
                "heading": "Maintainers",
                "summary": rows.count > limit
                    ? "the first \(number(limit)) of \(number(rows.count))" : number(rows.count),
                "caption": "Maintainers from the opam files, across all columns",
                "headings": headings.map { ["label": $0.0, "isNumber": $0.1] } as [TemplateValues],
                "rows": rows.prefix(limit).map { maintainer, figures -> TemplateValues in
                    let fields = [maintainer.packages.count, figures.cells, figures.good, figures.bad]
                    return [
                        "label": shown(maintainer.name, limit: 80),
                        "href": "maintainers/\(address(maintainer.file)).html",
                        "fields": fields.map { ["text": number($0), "isNumber": true] } as [TemplateValues],
                    ]
                },
            ])
    }

    /// The cells of a package.
    func cells(ofPackage name: String) -> [ListedCell] { (packages[name] ?? []).map { cells[$0] } }

    /// The cells of a package's versions whose opam files name a maintainer.
    func cells(ofPackage name: String, of maintainer: SitePeople.Maintainer) -> [ListedCell] {
        cells(ofPackage: name).filter { maintainer.versions.contains($0.state.cell.package) }
    }

    /// The cells of a maintainer's packages.
    func cells(of maintainer: SitePeople.Maintainer) -> [ListedCell] {
        maintainer.packages.flatMap { cells(ofPackage: $0, of: maintainer) }
    }

    /// The numbers of all, good and bad cells.
    func figures(of cells: [ListedCell]) -> (cells: Int, good: Int, bad: Int) {
        var figures = (cells: cells.count, good: 0, bad: 0)
        for cell in cells {
            if cell.state.outcome == .success { figures.good += 1 }
            if causesOfCells[cell.state.cell] != nil { figures.bad += 1 }
        }
        return figures
    }

    /// The causes that affect cells, with these cells, largest first.
    func causes(of cells: [ListedCell]) -> [(cause: Cause, cells: [Cell])] {
        var hit: [Int: [Cell]] = [:]
        for cell in cells.lazy.map(\.state.cell) {
            if let cause = causesOfCells[cell] { hit[cause, default: []].append(cell) }
        }
        return hit.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { (causes[$0.key], $0.value) }
    }

    /// The page of a maintainer: the packages and their causes.
    func maintainerPage(_ file: String) -> Page? {
        guard let maintainer = people.maintainer(file) else { return nil }
        let cells = cells(of: maintainer)
        let (total, causes) = (figures(of: cells), causes(of: cells))
        let rows = maintainer.packages
            .map { (name: $0, figures: figures(of: self.cells(ofPackage: $0, of: maintainer))) }
            .sorted { ($1.figures.bad, $0.name) < ($0.figures.bad, $1.name) }
        return page(
            "maintainer", at: "maintainers/\(file).html", title: maintainer.name,
            feed: "feeds/maintainers/\(address(file)).xml",
            [
                "name": shown(maintainer.name, limit: 120),
                "summary":
                    "\(counted(maintainer.packages.count, "package")), \(number(total.good)) of \(counted(total.cells, "cell")) good",
                "gridHref": "grid.html#q=maintainer:\(filterWord(SitePeople.key(of: maintainer.name)))",
                "hasProblems": !causes.isEmpty, "problemSummary": number(causes.count),
                "problems": causes.prefix(200).map { cause, cells -> TemplateValues in
                    [
                        "id": cause.id, "sentence": sentence(of: cause, limit: 200), "cells": number(cells.count),
                        "packages": packageNames(of: cells), "columns": columnsInWords(cells),
                    ]
                },
                "packages": TableRows.section(
                    ["href", "name", "cells", "good", "bad", "badClass"],
                    rows.map { row in
                        [
                            "../packages/\(address(row.name)).html", shown(row.name), number(row.figures.cells),
                            number(row.figures.good), number(row.figures.bad),
                            row.figures.bad == 0 ? "zero" : "failure",
                        ]
                    }),
            ])
    }

    /// A key as a word of the grid's filter in a URL. Words end at spaces.
    private func filterWord(_ key: String) -> String {
        address(key.split(separator: " ").first.map(String.init) ?? "").replacing("+", with: "%2B")
            .replacing("&", with: "%26")
    }

    /// The distinct package names of cells, limited in number.
    func packageNames(of cells: [Cell]) -> String {
        shown(Set(cells.map(\.package.name)).sorted().list(first: 6))
    }

    /// The rows about maintainers on a package's page.
    func peopleRows(of package: String) -> [TemplateValues] {
        guard let metadata = people.metadata[package] else { return [] }
        let maintainers = (people.maintainersOfPackages[package] ?? []).map { people.maintainers[$0] }
        var rows: [TemplateValues] = []
        if !maintainers.isEmpty {
            rows.append([
                "label": maintainers.count == 1 ? "Maintainer" : "Maintainers",
                "links": maintainers.map {
                    ["href": "maintainers/\(address($0.file)).html", "text": shown($0.name, limit: 80)]
                } as [TemplateValues],
            ])
        }
        for (label, texts) in [
            ("Tags", metadata.tags), ("Report to", metadata.bugReports), ("Sources", metadata.devRepo.map { [$0] }),
        ] {
            if let texts { rows.append(["label": label, "texts": texts.prefix(30).map { shown($0, limit: 200) }]) }
        }
        return rows
    }

    /// The maintainers and tags of the grid's rows, which its filter loads on demand.
    func gridPeople() -> Page {
        var tags: [String: Int] = [:]
        var listed: [String] = []
        let rows = grid.names.map { PackageVersion($0)?.name ?? $0 }
        let tagged = rows.map { row in
            (people.metadata[row]?.tags ?? []).map { tag -> Int in
                let tag = shown(tag.lowercased(), limit: 60)
                if let known = tags[tag] { return known }
                tags[tag] = listed.count
                listed.append(tag)
                return listed.count - 1
            }
        }
        let data = GridPeople(
            maintainers: people.maintainers.map { shown($0.name.lowercased(), limit: 120) }, tags: listed,
            maintainersOf: rows.map { PackedNumbers.list(people.maintainersOfPackages[$0] ?? []) },
            tagsOf: tagged.map(PackedNumbers.list))
        return Page(
            "grid-people.js", "text/javascript; charset=utf-8",
            Array("globalThis.gridPeople = \(Self.json(data));\n".utf8))
    }
}

private struct GridPeople: Encodable {
    var maintainers: [String]
    var tags: [String]
    var maintainersOf: [String]
    var tagsOf: [String]
}
