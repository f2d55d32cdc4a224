internal import Core
package import Model
internal import Records
package import Review
internal import Store

/// The pages of a deployment at one point in time.
///
/// Pages use relative links, so that they work in a directory and on a server. They are a function of the store:
/// rendering twice gives identical bytes.
///
/// - SeeAlso: `docs/decisions/0240-pages.md`
package struct Site: Sendable {
    let results: DeploymentResults
    let options: SiteOptions
    let templates: PageTemplates
    /// The cells, sorted by name.
    let cells: [ListedCell]
    let siteColumns: SiteColumns
    let grid: GridRows
    /// The causes, those that affect the most cells first.
    package let causes: [Cause]
    /// The indexes of causes by id.
    private let causeIndexes: [String: Int]
    /// The runs, newest first.
    let runs: [RunRecord]
    /// The indexes of cells by package name.
    let packages: [String: [Int]]
    /// The names of the packages, sorted.
    let packageNames: [String]
    /// The indexes of failing cells whose logs the store has, by the log's digest.
    let logs: [String: Int]
    /// The indexes of causes by the cells that they affect.
    let causesOfCells: [Cell: Int]
    /// The maintainers of the packages.
    let people: SitePeople
    /// The number of cells in each state.
    package let counts: [String: Int]
    let frame: PageFrame
    /// The lines around errors that pages share, if all pages are made; nil if only some are.
    var errorRegions: ErrorRegions?

    /// Reads the data of the pages, except logs.
    ///
    /// - Parameters:
    ///   - selectors: The cells of the pages; all if empty.
    ///   - earlier: The previous site, whose verified logs are not verified again.
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
        causeIndexes = Dictionary(zip(causes.map(\.id), causes.indices), uniquingKeysWith: { first, _ in first })
        runs = try RunRecords(of: results.header.deployment, in: results.store).newest(limit: 100)
        frame = PageFrame(results.header, run: runs.first?.number, isLive: options.isLive, templates)
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

    /// The indexes of failing cells whose logs the store has, by the log's digest.
    ///
    /// - Parameter known: Logs that were verified before, so that only their existence is checked.
    private static func logs(of cells: [ListedCell], in store: Store, known: [Digest]) -> [String: Int] {
        let known = store.logs.present(among: known)
        var logs: [String: Int] = [:]
        for (index, cell) in cells.enumerated() {
            guard hasOwnPage(cell), let name = cell.state.log, logs[name] == nil, let log = Digest(hex: name),
                known.contains(log) || (try? store.logs.read(log)) != nil
            else { continue }
            logs[name] = index
        }
        return logs
    }

    /// The states of the cells, sorted by name.
    package var states: [CellState] { cells.map(\.state) }

    /// The page at a path; nil if there is none.
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
        case PageFrame.runStyle: frame.runStyle
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

    private func page(in directory: String, _ name: String) throws -> Page? {
        switch directory {
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
    /// The results from which the pages are made.
    package var deploymentResults: DeploymentResults { results }

    /// The number of the newest run; nil if none was recorded.
    package var newestRun: Int? { runs.first?.number }

    /// The targets with their compilers, sorted.
    var columns: [SiteColumn] { siteColumns.all }

    /// The names of the targets that have cells, sorted.
    var targetNames: [String] { siteColumns.targetNames }

    /// The cause with an id; nil if there is none.
    func cause(_ id: String) -> Cause? { causeIndexes[id].map { causes[$0] } }
}
