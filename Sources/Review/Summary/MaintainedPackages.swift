internal import Core
package import Model

/// A package with the states of its cells, for its maintainer.
package struct MaintainedPackage: Codable, Sendable, Hashable {
    /// The package with its planned version.
    package var package: PackageVersion
    /// The number of its cells with each standing, without zeros.
    package var cells: [Standing: Int]
    /// The number of bad cells.
    package var bad: Int
    /// The ids of the causes of the bad cells, those with the most cells first.
    package var causes: [String]
}

/// The packages of a maintainer.
package struct MaintainedPackages: Codable, Sendable {
    /// The address, or the text of another selector.
    package var maintainer: String
    /// The packages, those with the most bad cells first.
    package var packages: [MaintainedPackage]
}

extension DeploymentResults {
    /// The packages of a maintainer in the plan, those with the most bad cells first.
    ///
    /// - Parameter maintainer: An address, a name, or a glob for these; case-insensitive.
    /// - Throws: `Failure` of the category `input` if there are none.
    package func packages(of maintainer: String) throws -> MaintainedPackages {
        let selector = Selector.maintainer(Glob(maintainer.lowercased()))
        let positions = try positions(picked: [selector])
        if positions.isEmpty { try check([selector]) }
        let contents = index.contents
        let run = try newestRun()
        let packages = Dictionary(grouping: positions) { contents.cell(at: $0).package }.map { package, positions in
            let causes = IndexedCauses(of: positions, in: contents).causes.sorted { $0.count > $1.count }
            return MaintainedPackage(
                package: package,
                cells: Dictionary(positions.map { (Standing(at: $0, in: contents, run: run), 1) }, uniquingKeysWith: +),
                bad: causes.reduce(0) { $0 + $1.count }, causes: causes.map { Cause($0, in: contents).id })
        }
        return MaintainedPackages(
            maintainer: maintainer,
            packages: packages.sorted { ($1.bad, $0.package) < ($0.bad, $1.package) })
    }
}

extension MaintainedPackages {
    /// The packages as lines for a terminal.
    ///
    /// - Parameters:
    ///   - width: The width of the terminal in columns; longer lines are truncated.
    ///   - limit: The maximum number of lines; nil for no limit.
    package func lines(width: Int, limit: Int?) -> [String] {
        let bad = packages.reduce(0) { $0 + $1.bad }
        let names = Set(packages.map(\.package.name)).count
        let versions = names == packages.count ? "" : " in \(count(packages.count, "version"))"
        let head = "\(maintainer): \(count(names, "package"))\(versions), \(count(bad, "bad cell"))"
        let shown = limit.map { packages.prefix(max(0, $0 - (bad > 0 ? 4 : 2))) } ?? packages[...]
        var table = TextTable()
        for package in shown {
            let standings = Standing.allCases.compactMap { standing in
                package.cells[standing].map { "\($0) \(standing.rawValue)" }
            }
            let causes = package.causes.prefix(2).joined(separator: " ") + (package.causes.count > 2 ? " …" : "")
            table.add([
                "\(package.package)", standings.joined(separator: ", "), causes.isEmpty ? "" : "cause " + causes,
            ])
        }
        var lines = [head] + table.lines(indentedBy: 2)
        if shown.count < packages.count { lines.append("  … and \(packages.count - shown.count) more: --all") }
        if let worst = packages.first, worst.bad > 0 {
            lines += ["next: ci show \(worst.package)", "      ci show \(worst.causes.first ?? "causes")"]
        }
        return lines.map { limit == nil ? $0 : $0.cut(to: width) }
    }
}
