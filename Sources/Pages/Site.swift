internal import Core
package import Model
internal import Records
package import Review
internal import Store

/// The pages of a deployment as it was at one moment.
///
/// Pages link to each other by relative addresses, so that they are the same in a folder and on a server. They are a function of
/// the store: made twice, they are equal byte for byte.
package struct Site: Sendable {
    let results: DeploymentResults
    let options: SiteOptions
    let templates: PageTemplates
    /// In order of their names.
    let cells: [ListedCell]
    let siteColumns: SiteColumns
    let grid: GridRows
    /// Those that spoil most cells first.
    package let causes: [Cause]
    /// The places of causes, by their ids.
    private let causePlaces: [String: Int]
    /// Newest first.
    let runs: [RunRecord]
    /// Where the cells of a package are in `cells`, by the package's name.
    let packages: [String: [Int]]
    /// The names of the packages, in order.
    let packageNames: [String]
    /// Where the failing cells are in `cells` whose logs the store has, by the log's digest.
    let logs: [String: Int]
    /// The places of causes, by the cells that they spoil.
    let causesOfCells: [Cell: Int]
    /// Who maintains the packages.
    let people: SitePeople
    /// How many cells are in each state, by its word.
    package let counts: [String: Int]
    let frame: PageFrame

    /// Reads what the pages show, logs excepted.
    ///
    /// - Parameters:
    ///   - selectors: The cells of the pages; none picks all.
    ///   - earlier: The site as it was before, whose logs need not be read again to know that they are sound.
    /// - Throws: `StoreError`, `Failure`.
    package init(
        _ results: DeploymentResults, picked selectors: [Selector] = [], options: SiteOptions = SiteOptions(),
        after earlier: Site? = nil
    ) throws {
        self.results = results
        self.options = options
        templates = try PageTemplates.parsed.get()
        cells = try results.listedCells(picked: selectors)
        counts = Dictionary(cells.lazy.map { ($0.state.state, 1) }, uniquingKeysWith: +)
        siteColumns = SiteColumns(cells)
        grid = GridRows(cells, columns: siteColumns.all)
        causes = try results.causes(picked: selectors)
        causePlaces = Dictionary(zip(causes.map(\.id), causes.indices), uniquingKeysWith: { first, _ in first })
        runs = try RunRecords(of: results.header.deployment, in: results.store).newest(limit: 100)
        frame = PageFrame(results.header, run: runs.first?.number, isLive: options.isLive)
        packages = Dictionary(grouping: cells.indices, by: { [cells] in cells[$0].state.cell.package.name })
        packageNames = packages.keys.sorted()
        people = SitePeople(try results.documents.metadata()) { [packages] in packages[$0] != nil }
        logs = Self.logs(of: cells, in: results.store, known: earlier?.logs.keys.compactMap(Digest.init(hex:)) ?? [])
        var causesOfCells: [Cell: Int] = [:]
        for (number, cause) in causes.enumerated() {
            for cell in cause.cells + cause.blocks { causesOfCells[cell] = number }
        }
        self.causesOfCells = causesOfCells
    }

    /// Where the failing cells are whose logs the store has.
    ///
    /// - Parameter known: Logs that were read before: that they are still there is enough.
    private static func logs(of cells: [ListedCell], in store: Store, known: [Digest]) -> [String: Int] {
        let known = store.logs.present(among: known)
        var logs: [String: Int] = [:]
        for (place, cell) in cells.enumerated() {
            guard hasOwnPage(cell), let name = cell.state.log, logs[name] == nil, let log = Digest(hex: name),
                known.contains(log) || (try? store.logs.read(log)) != nil
            else { continue }
            logs[name] = place
        }
        return logs
    }

    /// The states of the cells, in order of their names.
    package var states: [CellState] { cells.map(\.state) }

    /// The addresses of all pages but logs, relative to the site's root.
    package var paths: [String] {
        [
            "index.html", "grid.html", "grid-details.js", "grid-people.js", "style.css", "grid.js", "causes.html",
            "packages.html", "maintainers.html", "targets.html", "runs.html", "unsolvable.html", "flaky.html",
            "accepted.html",
        ]
            + tableLetters.map { "tables/\($0).html" }
            + targetNames.flatMap { ["targets/\($0).html", "feeds/targets/\($0).xml", "badges/targets/\($0).svg"] }
            + packageNames.map { "packages/\($0).html" }
            + people.maintainers.flatMap { ["maintainers/\($0.file).html", "feeds/maintainers/\($0.file).xml"] }
            + causes.flatMap { ["causes/\($0.id).html", "feeds/causes/\($0.id).xml"] }
            + runs.map { "runs/\($0.number).html" } + comparedRuns.map { "diff/\($0.before)/\($0.after).html" }
            + cells.filter(Self.hasOwnPage).map { path(of: $0.state.cell) }
            + packageNames.flatMap { ["feeds/packages/\($0).xml", "badges/packages/\($0).svg"] }
    }

    /// The page at an address; nil where there is none.
    ///
    /// - Throws: `StoreError`, `Failure`.
    package func page(at path: String) throws -> Page? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return try topPage(path)
        case 2 where parts[1].hasSuffix(".html"): return try page(in: parts[0], String(parts[1].dropLast(5)))
        case 3 where parts[0] == "diff" && parts[2].hasSuffix(".html"):
            return try differencePage(from: parts[1], to: String(parts[2].dropLast(5)))
        case 3 where parts[0] == "feeds" && parts[2].hasSuffix(".xml"):
            return feed(of: parts[1], String(parts[2].dropLast(4)))
        case 3 where parts[0] == "badges" && parts[2].hasSuffix(".svg"):
            return badge(of: parts[1], String(parts[2].dropLast(4)))
        case 4 where parts[0] == "cells" && parts[3].hasSuffix(".html"):
            return try cellPage("\(parts[1])/\(parts[2])/\(parts[3].dropLast(5))")
        default: return nil
        }
    }

    private func topPage(_ path: String) throws -> Page? {
        switch path {
        case "", "index.html": try startPage()
        case "grid.html": gridPage()
        case "grid-details.js": gridDetails()
        case "grid-people.js": gridPeople()
        case "causes.html": causeListPage()
        case "packages.html": packageTablePage(letter: nil)
        case "maintainers.html": maintainerListPage()
        case "targets.html": targetListPage()
        case "runs.html": runListPage()
        case "unsolvable.html": unsolvablePage()
        case "flaky.html": flakyPage()
        case "accepted.html": acceptedPage()
        case "queue.html": options.isLive ? try queuePage() : nil
        default: Self.assets[path]
        }
    }

    private func page(in folder: String, _ name: String) throws -> Page? {
        switch folder {
        case "causes": try causePage(name)
        case "packages": try packagePage(name)
        case "tables": packageTablePage(letter: name)
        case "maintainers": maintainerPage(name)
        case "targets": targetPage(name)
        case "runs": try runPage(name)
        case "logs": try logPage(name)
        default: nil
        }
    }
}

extension Site {
    /// What the pages were made from.
    package var deploymentResults: DeploymentResults { results }

    /// The number of the newest run; nil where none was recorded.
    package var newestRun: Int? { runs.first?.number }

    /// The targets with their compilers, in order.
    var columns: [SiteColumn] { siteColumns.all }

    /// The names of the targets that have cells, in order.
    var targetNames: [String] { siteColumns.targetNames }

    /// The cause of an id; nil where there is none.
    func cause(_ id: String) -> Cause? { causePlaces[id].map { causes[$0] } }
}
