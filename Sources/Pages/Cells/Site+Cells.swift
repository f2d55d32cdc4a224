internal import Core
internal import Model
internal import Review

extension Site {
    /// A cell: how it is, its last results, its error, and how to reproduce it.
    func cellPage(_ name: String) throws -> Page? {
        guard let cell = Cell(name), let listed = self.cell(named: cell) else { return nil }
        let look = StandingLook(listed)
        let strip = try results.index.history(of: cell).prefix(20).reversed()
        let excerpt = try excerpt(of: cell)
        return page(
            "cell", at: path(of: cell), title: cell.description,
            [
                "name": shown(cell.package.description), "package": shown(cell.package.name),
                "packageFile": address(cell.package.name), "target": shown(cell.target),
                "targetFile": address(cell.target),
                "compiler": shown(cell.compiler), "class": look.name, "mark": look.mark,
                "words": shown(listed.state.words),
                "hasStrip": !strip.isEmpty, "strip": strip.map(stripEntry),
                "stripSummary": "the last \(counted(strip.count, "result")), the newest on the right",
                "facts": facts(of: listed, in: Array(strip)), "hasReason": excerpt != nil,
                "excerpt": shown(excerpt ?? ""),
                "command": "ci reproduce \(shown(cell.description))",
            ])
    }

    private func stripEntry(_ result: PastResult) -> TemplateValues {
        let standing: Standing =
            switch result.outcome {
            case .success: result.change == .fixed ? .fixed : .ok
            case .failure: result.change == .broken ? .broken : result.change == .flaky ? .flaky : .stillFailing
            case .blocked: .blocked
            case .infrastructure: .infrastructure
            case .unsolvable: .unsolvable
            case .cancelled: .cancelled
            case nil: .pending
            }
        let look = StandingLook(standing)
        let when = [result.run.map { "run \($0)" }, time(result.time)].compactMap { $0 }.joined(separator: ", ")
        let what = [result.outcome?.rawValue ?? "removed", result.phase.map { "in \($0.rawValue)" }].compactMap { $0 }
        return ["class": look.name, "mark": look.mark, "title": "\(what.joined(separator: " ")), \(when)"]
    }

    private func facts(of cell: ListedCell, in strip: [PastResult]) -> [TemplateValues] {
        let cause = causesOfCells[cell.state.cell].map { causes[$0] }
        let good = strip.last { $0.outcome == .success }
        let facts: [(label: String, text: String?, href: String?)] = [
            ("Since", since(cell).isEmpty ? nil : since(cell), nil),
            ("Cause", cause.map { sentence(of: $0, limit: 200) }, cause.map { "causes/\($0.id).html" }),
            (
                "Last good",
                good.map { [$0.run.map { "run \($0)" }, time($0.time)].compactMap { $0 }.joined(separator: ", ") }, nil
            ),
            ("Accepted", cell.state.accepted, nil),
            ("Signature", cell.state.signature, nil),
            ("Time", cell.state.duration.map { "\(Int($0.rounded())) s" }, nil),
            ("Machine", cell.state.machine, nil),
            ("Job", cell.state.job, nil),
            ("Log", cell.state.log, cell.state.log.flatMap { logs[$0] == nil ? nil : "logs/\($0).html" }),
        ]
        return facts.compactMap { fact in
            guard let text = fact.text else { return nil }
            return [
                "label": fact.label, "text": shown(text, limit: 400),
                "href": optional(fact.href.map { "../../../\($0)" }),
            ]
        }
    }

    /// The error of a cell as its log has it; nil where there is none.
    func excerpt(of cell: Cell) throws -> String? {
        self.cell(named: cell)?.state.reason
    }
}
