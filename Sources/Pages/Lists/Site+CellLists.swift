internal import Core
internal import Model
internal import Review

extension Site {
    /// The page of unsolvable cells, grouped by cause.
    func unsolvablePage() -> Page {
        let roots = causes.filter { $0.isUnsolvable }
        return page(
            "causeList", at: "unsolvable.html", title: "Unsolvable",
            causeTable(roots, of: roots.count, limit: 500).merging([
                "heading": "Unsolvable", "causesEmpty": "Every cell has a solution.",
                "causesCaption": "Why cells have no solution. Each belongs to exactly one cause.",
            ]))
    }

    /// The page of flaky cells.
    func flakyPage() -> Page {
        list(
            cells.filter { $0.standing == .flaky }, at: "flaky.html", heading: "Flaky",
            empty: "No cell failed and succeeded without a change.")
    }

    /// The page of accepted failures, and of acceptances of cells that are good.
    func acceptedPage() -> Page {
        let accepted = cells.filter { $0.state.accepted != nil && $0.standing != .excluded }
        let groups = [
            ("Accepted failures", "Cells that do not make a run fail", accepted.filter(\.state.isAcceptedFailure)),
            (
                "Not the accepted failure", "Cells that fail in another way than the matrix accepts",
                accepted.filter { $0.state.acceptance == .differs }
            ),
            (
                "Good, although the matrix accepts a failure", "Cells whose acceptance can be removed",
                accepted.filter { $0.state.outcome == .success }
            ),
            (
                "Undecided", "Cells that have no verdict",
                accepted.filter { !$0.state.isVerdict }
            ),
        ]
        return page(
            "cellList", at: "accepted.html", title: "Accepted",
            [
                "heading": "Accepted", "summary": counted(accepted.count, "cell"),
                "groups": groups.filter { !$0.2.isEmpty }.map { heading, caption, cells in
                    group(cells, heading: heading, caption: caption) { $0.state.accepted ?? "" }
                }, "empty": "The matrix accepts no failure.",
            ])
    }

    private func list(_ cells: [ListedCell], at path: String, heading: String, empty: String) -> Page {
        page(
            "cellList", at: path, title: heading,
            [
                "heading": heading, "summary": counted(cells.count, "cell"), "empty": empty,
                "groups": cells.isEmpty
                    ? [] : [group(cells, heading: heading, caption: "Each cell once") { $0.state.reason ?? "" }],
            ])
    }

    /// The template values of a table of cells.
    func group(
        _ cells: [ListedCell], heading: String, caption: String, limit: Int = 500, reason: (ListedCell) -> String
    ) -> TemplateValues {
        [
            "anchor": heading.lowercased().filter { $0.isLetter || $0 == " " }.replacing(" ", with: "-"),
            "heading": heading, "caption": caption,
            "count": cells.count > limit ? "the first \(limit) of \(number(cells.count))" : number(cells.count),
            "rows": cells.prefix(limit).map { cell -> TemplateValues in
                let package = cell.state.cell.package
                return link(cell).merging(
                    [
                        "package": shown(package.withoutBackend.description),
                        "packageHref": "packages/\(address(package.name)).html",
                        "columns": shown(cell.state.cell.fullColumnName),
                        "reason": shown(reason(cell), limit: 200),
                    ]
                )
            },
        ]
    }
}
