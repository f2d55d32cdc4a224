internal import Model
internal import Review

/// The subject of a page: only its changes, and those of the site's columns and options, change the page.
enum PageSubject {
    /// The whole deployment.
    case deployment
    /// A package: its cells and their causes, its metadata.
    case package(String)
    /// A maintainer with the packages.
    case maintainer(SitePeople.Maintainer)
    /// The cause at an index, its cells, and the repositories.
    case cause(Int)
    /// A cell with its history, its package and the newest runs.
    case cell(ListedCell)
}

extension Site {
    /// The paths of all pages except logs, relative to the site's root, with their subjects.
    var subjects: [(path: String, subject: PageSubject)] {
        let deployment =
            [
                "index.html", "grid.html", "grid-details.js", "grid-people.js", "style.css", "run.css", "grid.js",
                "causes.html", "packages.html", "maintainers.html", "targets.html", "runs.html", "unsolvable.html",
                "flaky.html", "accepted.html",
            ]
            + tableLetters.map { "tables/\($0).html" }
            + targetNames.flatMap { ["targets/\($0).html", "feeds/targets/\($0).xml", "badges/targets/\($0).svg"] }
            + runs.map { "runs/\($0.number).html" } + comparedRuns.map { "diff/\($0.before)/\($0.after).html" }
        var subjects = deployment.map { ($0, PageSubject.deployment) }
        func add(_ paths: [String], _ subject: PageSubject) { subjects += paths.map { ($0, subject) } }
        for name in packageNames {
            add(["packages/\(name).html", "feeds/packages/\(name).xml", "badges/packages/\(name).svg"], .package(name))
        }
        for maintainer in people.maintainers {
            let file = maintainer.file
            add(["maintainers/\(file).html", "feeds/maintainers/\(file).xml"], .maintainer(maintainer))
        }
        for (number, cause) in causes.enumerated() {
            add(["causes/\(cause.id).html", "feeds/causes/\(cause.id).xml"], .cause(number))
        }
        for cell in cells where Self.hasOwnPage(cell) { add([path(of: cell.state.cell)], .cell(cell)) }
        return subjects
    }

    /// The paths of all pages except logs, relative to the site's root.
    package var paths: [String] { subjects.map(\.path) }
}
