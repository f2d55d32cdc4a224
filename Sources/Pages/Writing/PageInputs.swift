internal import Core
internal import Foundation
internal import Model
internal import Review

/// Digests of everything that pages are made from: pages with equal digests are equal, if the same program makes them.
///
/// - SeeAlso: `docs/decisions/0321-inputs-of-pages.md`
struct PageInputs {
    private let site: Site
    /// The inputs of all pages.
    private let common: Digest
    private let packages: [String: Digest]
    private let causes: [Digest]
    private let runs: Digest
    /// The digest of the pages of the whole deployment.
    let all: Digest

    /// - Throws: `EncodingError`.
    init(_ site: Site) throws {
        self.site = site
        var common = InputBytes()
        common.add(site.results.header.deployment)
        common.add(site.options.address ?? "")
        common.add(site.options.isLive ? 1 : 0)
        for column in site.columns { common.add(column.name) }
        let commonDigest = common.digest
        var packages: [String: Digest] = [:]
        for name in site.packageNames { packages[name] = try Self.digest(ofPackage: name, of: site, commonDigest) }
        let packageDigests = packages
        let repositories = try InputBytes(site.results.header.repositories).digest
        let causes = try site.causes.map { cause in
            var input = try InputBytes(cause)
            input.add(commonDigest)
            input.add(repositories)
            for name in Set(cause.cells.map(\.package.name)).sorted() { packageDigests[name].map { input.add($0) } }
            return input.digest
        }
        var all = try InputBytes(site.results.header)
        all.add(commonDigest)
        for commit in site.results.commits { all.add(commit) }
        try all.add(encoded: site.runs)
        for name in site.packageNames { packages[name].map { all.add($0) } }
        for cause in causes { all.add(cause) }
        (self.common, self.packages, self.causes, self.all) = (commonDigest, packages, causes, all.digest)
        runs = try InputBytes(Array(site.runs.prefix(20))).digest
    }

    /// - Throws: `StoreError`.
    func digest(of subject: PageSubject) throws -> Digest {
        switch subject {
        case .deployment: all
        case .package(let name): digest(ofPackage: name)
        case .cause(let number): causes[number]
        case .maintainer(let maintainer): digest(of: maintainer)
        case .cell(let cell): try digest(of: cell)
        }
    }

    /// The digest of the pages of a package.
    func digest(ofPackage name: String) -> Digest { packages[name] ?? all }

    private static func digest(ofPackage name: String, of site: Site, _ common: Digest) throws -> Digest {
        let cells = (site.packages[name] ?? []).map { site.cells[$0] }
        var input = try InputBytes(cells.map(Self.shownState))
        input.add(common)
        for cell in cells {
            input.add(cell.standing.rawValue)
            input.add(cell.since ?? -1)
            input.add(cell.sinceRun ?? -1)
            if Site.hasOwnPage(cell) { input.add(cell.state.log.map { site.logs[$0] == nil ? 0 : 1 } ?? -1) }
            input.add(site.causesOfCells[cell.state.cell].map { site.causes[$0].id } ?? "")
        }
        // Their order is that of all causes, which depends on cells of other packages.
        for cause in causes(of: [name], in: site) {
            input.add(cause.id)
            input.add(cause.kind.rawValue)
            input.add(cause.reason ?? "")
            input.add(cause.signature ?? "")
        }
        if let metadata = site.people.metadata[name] { try input.add(encoded: metadata) }
        for number in site.people.maintainersOfPackages[name] ?? [] {
            input.add(site.people.maintainers[number].file)
            input.add(site.people.maintainers[number].name)
        }
        return input.digest
    }

    /// The state of a cell; if the cell has no page of its own, without the parts that only such a page shows, because
    /// each run changes the log of each cell that it builds.
    private static func shownState(of cell: ListedCell) -> CellState {
        var state = cell.state
        if !Site.hasOwnPage(cell) { (state.log, state.job, state.machine) = (nil, nil, nil) }
        return state
    }

    /// The causes of cells of packages, in their order.
    private static func causes(of packages: [String], in site: Site) -> [Cause] {
        let cells = packages.flatMap { site.packages[$0] ?? [] }.map { site.cells[$0].state.cell }
        return Set(cells.compactMap { site.causesOfCells[$0] }).sorted().map { site.causes[$0] }
    }

    private func digest(of maintainer: SitePeople.Maintainer) -> Digest {
        var input = InputBytes()
        input.add(maintainer.file)
        input.add(maintainer.name)
        for package in maintainer.packages { input.add(digest(ofPackage: package)) }
        for version in maintainer.versions.sorted() { input.add(version.description) }
        for cause in Self.causes(of: maintainer.packages, in: site) { input.add(cause.id) }
        return input.digest
    }

    private func digest(of cell: ListedCell) throws -> Digest {
        var input = InputBytes()
        input.add(cell.state.cell.description)
        input.add(digest(ofPackage: cell.state.cell.package.name))
        input.add(runs)
        for result in try site.results.index.history(of: cell.state.cell) {
            input.add("\(result.commit)")
            input.add(result.time)
            input.add(result.run ?? -1)
        }
        return input.digest
    }
}

/// Values as bytes, each preceded by its length, so that different values give different bytes.
private struct InputBytes {
    private var bytes: [UInt8] = []

    init() {}

    init(_ value: some Encodable) throws { try add(encoded: value) }

    var digest: Digest { Digest(of: bytes) }

    mutating func add(_ number: Int) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        bytes += text.utf8
    }

    mutating func add(_ digest: Digest) { digest.appendHex(to: &bytes) }

    mutating func add(encoded value: some Encodable) throws {
        let text = try CompactJSON.encode(value)
        add(text.count)
        bytes += text
    }
}
