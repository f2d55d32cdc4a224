internal import Core
internal import Model
internal import Review
internal import Store

extension Site {
    /// Lines that a page of a log shows at most; the rest is in its text.
    private static let lineLimit = 20_000

    /// A log with a line for each line, folded by steps; nil where the store does not have it.
    func logPage(_ digest: String) throws -> Page? {
        guard let log = Digest(hex: digest), logs[digest] != nil, let bytes = try results.store.logs.read(log) else {
            return nil
        }
        return logPage(digest, bytes)
    }

    /// The page of a log whose bytes were read.
    func logPage(_ digest: String, _ bytes: [UInt8]) -> Page? {
        guard let cell = logs[digest].map({ cells[$0] }) else { return nil }
        let failing = cell.state.phase
        var left = Self.lineLimit
        let steps = LogSteps(bytes).steps.map { step -> TemplateValues in
            let lines = step.lines.prefix(left)
            left -= lines.count
            return [
                "anchor": "step-\(step.number)", "name": shown(step.name, limit: 200),
                "open": step.phase == failing || step.phase == nil,
                "lineCount": counted(step.lines.count, "line"), "lines": markup(of: lines, from: step.firstLine),
            ]
        }
        return page(
            "log", at: "logs/\(digest).html", title: "Log of \(cell.state.cell)",
            [
                "cell": shown(cell.state.cell.description), "cellHref": href(cell), "rawHref": "logs/\(digest).txt",
                "summary": shown(cell.state.words), "phases": steps,
                "omitted": optional(
                    left == 0 ? "Only the first \(number(Self.lineLimit)) lines are here; the text has all." : nil),
            ])
    }

    private func markup(of lines: ArraySlice<ArraySlice<UInt8>>, from first: Int) -> String {
        var style = LogLine.Style()
        var output = ""
        for (offset, line) in lines.enumerated() {
            let number = first + offset
            output +=
                "<li id=\"L\(number)\"><a href=\"#L\(number)\">\(number)</a>\(LogLine.markup(of: line, &style))</li>\n"
        }
        return output
    }
}
