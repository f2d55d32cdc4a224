internal import Core
internal import Model
internal import Review

extension Site {
    /// The page of recorded runs, newest first.
    func runListPage() -> Page {
        page(
            "linkList", at: "runs.html", title: "Runs",
            [
                "heading": "Runs", "summary": runs.count == 100 ? "the newest 100" : number(runs.count),
                "caption": "The result of each run",
                "headings": [
                    ("run", false), ("began", false), ("ended", false), ("changes", false), ("trigger", false),
                ].map {
                    ["label": $0.0, "isNumber": $0.1]
                } as [TemplateValues],
                "rows": runs.map { run -> TemplateValues in
                    let fields = [time(run.begin), ending(of: run), changes(of: run), run.trigger]
                    return [
                        "label": "\(run.number)", "href": "runs/\(run.number).html",
                        "fields": fields.map { ["text": shown($0, limit: 120), "isNumber": false] } as [TemplateValues],
                    ]
                },
            ])
    }

    private func ending(of run: RunRecord) -> String {
        [run.ending?.rawValue ?? "not yet", run.end.map(time)].compactMap { $0 }.joined(separator: ", ")
    }

    private func changes(of run: RunRecord) -> String {
        ResultChange.allCases.compactMap { change in
            run.changes?[change.rawValue].map { "\(number($0)) \(change.rawValue)" }
        }.joined(separator: ", ")
    }

    /// The page of a run, with the cells whose state has been the same since.
    func runPage(_ name: String) throws -> Page? {
        guard let run = runs.first(where: { "\($0.number)" == name }) else { return nil }
        let since = cells.filter { $0.sinceRun == run.number }
        let groups = Self.order.filter { $0 != .unsolvable && $0 != .ownOCaml && $0 != .pending && $0 != .excluded }
            .compactMap {
                standing -> TemplateValues? in
                let own = since.filter { $0.standing == standing }
                guard !own.isEmpty else { return nil }
                return group(
                    own, heading: StandingPresentation.words(standing), caption: "In this state since this run",
                    limit: 200
                ) {
                    $0.state.reason ?? ""
                }
            }
        let facts: [(String, String)?] = [
            ("Began", time(run.begin)), ("Ended", ending(of: run)), ("Trigger", run.trigger),
            ("Cells", run.selectors?.joined(separator: " ") ?? "all"),
            run.changes == nil ? nil : ("Changes", changes(of: run).isEmpty ? "none" : changes(of: run)),
            ("Plan", run.plan.map { String($0.prefix(12)) } ?? "not in the store"),
        ]
        return page(
            "run", at: "runs/\(name).html", title: "Run \(run.number)",
            [
                "diff": optional(
                    comparedRuns.first { $0.after == run.number }.map { "diff/\($0.before)/\($0.after).html" }),
                "heading": "Run \(run.number)", "when": time(run.begin), "groups": groups,
                "facts": facts.compactMap { $0 }.map { ["label": $0.0, "text": shown($0.1, limit: 400)] },
            ])
    }
}
