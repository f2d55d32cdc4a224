internal import Core
internal import Model
internal import Review
internal import Store

extension Site {
    /// The page of a cell: its state, its last results, its error, what changed before it became bad, and how to
    /// reproduce it.
    func cellPage(_ name: String) throws -> Page? {
        guard let cell = Cell(name), let listed = self.cell(named: cell) else { return nil }
        let look = StandingPresentation(listed)
        let history = try results.index.history(of: cell)
        let strip = strip(of: history)
        let turn = try listed.state.outcome == .success ? nil : turn(of: cell)
        let excerpt = excerpt(of: listed)
        return page(
            "cell", at: path(of: cell), title: cell.description,
            [
                "name": shown(cell.package.description), "package": shown(cell.package.name),
                "packageFile": address(cell.package.name), "target": shown(cell.target),
                "targetFile": address(cell.target),
                "compiler": shown(cell.compiler), "class": look.name, "mark": look.mark,
                "words": shown(listed.state.words),
                "hasStrip": !strip.isEmpty, "strip": TableRows.section(Self.stripColumns, strip),
                "stripSummary": "results after the last \(counted(strip.count, "run")), newest on the right; "
                    + "faint if the run did not build it",
                "facts": facts(of: listed, turn), "hasReason": excerpt != nil, "excerpt": excerpt ?? "",
                "hasChanges": turn != nil,
                "changesBetween": turn.map { "between \(place($0.good)) and \(place($0.bad))" } ?? "",
                "changes": (turn?.changes ?? []).prefix(40).map {
                    ["label": shown("\($0.kind.rawValue) \($0.name)", limit: 80), "text": shown($0.words, limit: 200)]
                } as [TemplateValues],
                "unknown": optional(turn?.unknown.map { shown($0, limit: 300) }),
                "command": "ci reproduce \(shown(cell.description))",
            ])
    }

    /// The last good and the first bad result, and the changes between them; nil if the cell never became bad.
    private func turn(of cell: Cell) throws -> BisectReport? {
        do {
            return try results.bisect(cell)
        } catch let failure as Failure where failure.category == .input {
            return nil
        }
    }

    /// `run 11, 2026-11-27 03:10 UTC`.
    private func place(_ entry: CellHistory.Entry) -> String {
        [entry.run.map { "run \($0)" }, time(entry.time)].compactMap { $0 }.joined(separator: ", ")
    }

    /// A square for each of the last runs, oldest first, with the result after that run.
    ///
    /// - Parameter history: The results of the cell, newest first.
    private func strip(of history: [PastResult]) -> [[String]] {
        runs.prefix(20).reversed().compactMap { run in
            let result = history.first { result in
                result.run.map { $0 <= run.number } ?? (result.time <= run.end ?? .max)
            }
            guard let result else { return nil }
            return stripEntry(run.number, result)
        }
    }

    private static let stripColumns = ["class", "mark", "title", "href"]

    private func stripEntry(_ run: Int, _ result: PastResult) -> [String] {
        let isOwn = result.run == run
        let standing: Standing =
            switch result.outcome {
            case .success: result.change == .fixed && isOwn ? .fixed : .ok
            case .failure:
                result.change == .broken && isOwn ? .broken : result.change == .flaky ? .flaky : .stillFailing
            case .blocked: result.isVerdict ? .blocked : .infrastructure
            case .infrastructure: .infrastructure
            case .unsolvable: .unsolvable
            case .cancelled: .cancelled
            case nil: .pending
            }
        let look = StandingPresentation(standing)
        return [
            isOwn ? look.name : "\(look.name) carried", look.mark,
            "run \(run): \(result.outcome?.words(in: result.phase, result.change) ?? "removed")\(isOwn ? "" : ", as before")",
            "../../../runs/\(run).html",
        ]
    }

    private func facts(of cell: ListedCell, _ turn: BisectReport?) -> [TemplateValues] {
        let cause = causesOfCells[cell.state.cell].map { causes[$0] }
        let facts: [(label: String, text: String?, href: String?)] = [
            ("Since", since(cell).isEmpty ? nil : since(cell), nil),
            ("Cause", cause.map { sentence(of: $0, limit: 200) }, cause.map { "causes/\($0.id).html" }),
            ("Last good", turn.map { place($0.good) }, nil),
            ("First bad", turn.map { place($0.bad) }, nil),
            ("Present failure since", turn?.present.map { place($0) }, nil),
            ("Accepted", cell.state.acceptanceWords, nil),
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

    /// The error of a cell: the lines of its log around it, otherwise the error in the result; nil if there is none.
    func excerpt(of cell: ListedCell) -> String? {
        guard let name = cell.state.log, logs[name] != nil,
            let region = try? results.errorRegion(of: cell.state, in: errorRegions),
            region.error != nil
        else { return cell.state.reason.map { shown($0) } }
        let lines = region.lines.map { line in
            var style = LogLine.Style()
            return LogLine.text(of: Array(line.text.utf8)[...], &style)
        }
        return lines.joined(separator: "\n")
    }
}
