internal import Core
package import Model

/// A package as whoever maintains it looks at it.
package struct MaintainedPackage: Codable, Sendable, Hashable {
    /// The package in the version that is planned.
    package var package: PackageVersion
    /// How many of its cells stand so; those that none does are left out.
    package var cells: [Standing: Int]
    /// How many of them are bad.
    package var bad: Int
    /// The ids of the causes of those, that of the most cells first.
    package var causes: [String]
}

/// The packages that somebody maintains.
package struct MaintainedPackages: Codable, Sendable {
    /// The address, or another selector's words.
    package var maintainer: String
    /// Those with the most bad cells first.
    package var packages: [MaintainedPackage]
}

extension DeploymentResults {
    /// The packages of the plan that somebody maintains, those with the most bad cells first.
    ///
    /// - Parameter maintainer: An address, a name, or a glob for those; letter case does not count.
    /// - Throws: `Failure` of the category `input` where there are none.
    package func packages(of maintainer: String) throws -> MaintainedPackages {
        let selector = Selector.maintainer(Glob(maintainer.lowercased()))
        let places = try places(picked: [selector])
        if places.isEmpty { try check([selector]) }
        let contents = index.contents
        let run = try newestRun()
        let packages = Dictionary(grouping: places) { contents.cell(at: $0).package }.map { package, places in
            let causes = IndexedCauses(of: places, in: contents).causes.sorted { $0.count > $1.count }
            return MaintainedPackage(
                package: package,
                cells: Dictionary(places.map { (Standing(contents.cells[$0], run: run), 1) }, uniquingKeysWith: +),
                bad: causes.reduce(0) { $0 + $1.count }, causes: causes.map { Cause($0, in: contents).id })
        }
        return MaintainedPackages(
            maintainer: maintainer,
            packages: packages.sorted { ($1.bad, $0.package) < ($0.bad, $1.package) })
    }
}

extension MaintainedPackages {
    /// As lines for a terminal.
    ///
    /// - Parameters:
    ///   - width: The columns of the terminal; longer lines are cut off.
    ///   - limit: The lines at most; nil: all.
    package func lines(width: Int, limit: Int?) -> [String] {
        let bad = packages.reduce(0) { $0 + $1.bad }
        let head = "\(maintainer): \(count(packages.count, "package")), \(count(bad, "bad cell"))"
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
