internal import Core
internal import Foundation
internal import Model
internal import Review

extension Site {
    /// An Atom feed about a package, a target, a maintainer's packages or a cause: failures, grouped by package and
    /// cause, and packages that are good again. Nil if there is no such subject.
    func feed(of kind: String, _ name: String) -> Page? {
        guard let subject = subject(of: kind, name) else { return nil }
        let entries = entries(of: subject.cells).sorted { ($1.time, $0.id) < ($0.time, $1.id) }.prefix(50)
        let up = "../../"
        let path = "feeds/\(kind)/\(name).xml"
        let base = options.address
        let text = templates.render(
            "feed",
            [
                "title": shown("\(subject.title) · \(results.header.deployment)", limit: 200),
                "id": "urn:ciso:\(address(results.header.deployment)):\(kind):\(address(name))",
                "self": base.map { $0 + "feeds/\(kind)/\(address(name)).xml" } ?? "\(address(name)).xml",
                "page": (base ?? up) + subject.page,
                "updated": UTCTime.iso(entries.first?.time ?? subject.cells.compactMap(\.since).max() ?? 0),
                "entries": entries.map { entry -> TemplateValues in
                    [
                        "id": "urn:ciso:\(address(results.header.deployment)):\(entry.id)",
                        "title": shown(entry.title, limit: 200), "updated": UTCTime.iso(entry.time),
                        "href": (base ?? up) + entry.page, "summary": shown(entry.summary, limit: 1000),
                    ]
                },
            ])
        return Page(path, "application/atom+xml; charset=utf-8", Array(text.utf8))
    }

    /// The cells that a feed or a badge is about.
    private struct Subject {
        var title: String
        /// The path of the page from the site's root.
        var page: String
        var cells: [ListedCell]
    }

    private func subject(of kind: String, _ name: String) -> Subject? {
        switch kind {
        case "packages":
            guard packages[name] != nil else { return nil }
            return Subject(title: name, page: "packages/\(address(name)).html", cells: cells(ofPackage: name))
        case "targets":
            guard targetNames.contains(name) else { return nil }
            return Subject(
                title: name, page: "targets/\(address(name)).html",
                cells: cells.filter { $0.state.cell.target == name })
        case "maintainers":
            guard let maintainer = people.maintainer(name) else { return nil }
            return Subject(
                title: maintainer.name, page: "maintainers/\(address(name)).html",
                cells: cells(of: maintainer))
        case "causes":
            guard let cause = self.cause(name) else { return nil }
            return Subject(
                title: sentence(of: cause, limit: 150), page: "causes/\(name).html",
                cells: cause.cells.compactMap { cell(named: $0) })
        default: return nil
        }
    }

    private struct Entry {
        var id: String
        var title: String
        var summary: String
        var time: Int
        var page: String
    }

    /// The failures among cells, grouped by package and cause, and the cells that are good again.
    private func entries(of cells: [ListedCell]) -> [Entry] {
        var failures: [String: [ListedCell]] = [:]
        var fixed: [String: [ListedCell]] = [:]
        for cell in cells where cell.since != nil {
            let name = cell.state.cell.package.name
            if cell.standing == .fixed { fixed[name, default: []].append(cell) }
            guard cell.state.outcome == .failure, !cell.state.isAcceptedFailure,
                let cause = causesOfCells[cell.state.cell]
            else { continue }
            failures["\(name) \(cause)", default: []].append(cell)
        }
        return failures.values.compactMap(failureEntry) + fixed.values.compactMap(fixedEntry)
    }

    private func failureEntry(_ cells: [ListedCell]) -> Entry? {
        guard let first = cells.first, let number = causesOfCells[first.state.cell],
            let since = cells.compactMap(\.since).min()
        else { return nil }
        let (cause, package) = (causes[number], first.state.cell.package)
        return Entry(
            id: "cause:\(cause.id):\(address(package.name)):\(since)",
            title: "\(package) fails: \(sentence(of: cause, limit: 120))",
            summary: "\(package): \(first.state.words) on \(columnsInWords(cells.map(\.state.cell))). "
                + sentence(of: cause, limit: 400),
            time: since, page: "causes/\(cause.id).html")
    }

    private func fixedEntry(_ cells: [ListedCell]) -> Entry? {
        guard let first = cells.first, let since = cells.compactMap(\.since).max() else { return nil }
        let package = first.state.cell.package
        return Entry(
            id: "fixed:\(address(package.name)):\(since)", title: "\(package) is good again",
            summary: "\(package) is good again on \(columnsInWords(cells.map(\.state.cell))).", time: since,
            page: "packages/\(address(package.name)).html")
    }

    /// A badge for the README of a package or a port, with the number of good cells.
    func badge(of kind: String, _ name: String) -> Page? {
        guard kind == "packages" || kind == "targets", let subject = subject(of: kind, name) else { return nil }
        let counted = subject.cells.filter { $0.standing != .excluded && $0.standing != .pending }
        let good = counted.count { $0.state.outcome == .success }
        let label = shown(subject.title, limit: 40)
        let words = counted.isEmpty ? "no results" : "\(number(good)) of \(number(counted.count)) good"
        let bad = counted.filter { causesOfCells[$0.state.cell] != nil && !$0.state.isAcceptedFailure }
        let isBroken = bad.contains { $0.state.isVerdict }
        let widths = [label, words].map { Int((Double($0.count) * 6.6).rounded(.up)) + 12 }
        let text = templates.render(
            "badge",
            [
                "label": label, "words": words, "width": widths[0] + widths[1], "left": widths[0], "right": widths[1],
                "labelMiddle": widths[0] / 2, "wordsMiddle": widths[0] + widths[1] / 2,
                "colour": isBroken ? "#a03a12" : counted.isEmpty || !bad.isEmpty ? "#5b6067" : "#00775a",
            ])
        return Page("badges/\(kind)/\(name).svg", "image/svg+xml; charset=utf-8", Array(text.utf8))
    }
}
