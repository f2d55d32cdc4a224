internal import Core
internal import Model
internal import Review
internal import Store

extension Site {
    /// The maximum number of lines on the page of a log; the plain text has all of them.
    private static let lineLimit = 20_000

    /// The page of a log, folded by steps; nil if the store does not have it.
    func logPage(_ digest: String) throws -> Page? {
        try log(digest).flatMap { logPage(digest, $0) }
    }

    /// The bytes of a log; nil if it is not the log of a failing cell or is no longer in the store.
    ///
    /// - Throws: `StoreError`.
    func log(_ digest: String) throws -> [UInt8]? {
        guard logs[digest] != nil, let log = Digest(hex: digest) else { return nil }
        return try results.store.logs.read(log)
    }

    /// A log as text, at `logs/DIGEST.txt`; nil if it is not the log of a failing cell or is no longer in the store.
    ///
    /// - Throws: `StoreError`.
    package func logText(at path: String) throws -> Page? {
        guard path.hasPrefix("logs/"), path.hasSuffix(".txt") else { return nil }
        let digest = String(path.dropFirst(5).dropLast(4))
        return try log(digest).map { logText(digest, $0) }
    }

    /// The text of a log, with control characters made visible.
    func logText(_ digest: String, _ bytes: [UInt8]) -> Page {
        Page(
            "logs/\(digest).txt", "text/plain; charset=utf-8",
            Array(String(decoding: bytes, as: UTF8.self).displayable.utf8))
    }

    /// The page of a log with the given bytes.
    func logPage(_ digest: String, _ bytes: [UInt8]) -> Page? {
        guard let cell = logs[digest].map({ cells[$0] }) else { return nil }
        let failing = cell.state.phase
        let error = (try? results.errorRegion(of: cell.state, in: errorRegions, known: (digest, bytes)))?.error
        var left = Self.lineLimit
        let steps = LogSteps(bytes).steps.map { step -> TemplateValues in
            let lines = step.lines.prefix(left)
            left -= lines.count
            return [
                "anchor": "step-\(step.number)", "name": shown(step.name, limit: 200),
                "open": step.phase == failing || step.phase == nil,
                "lineCount": counted(step.lines.count, "line"), "lines": markup(of: lines, from: step.firstLine, error),
            ]
        }
        return page(
            "log", at: "logs/\(digest).html", title: "Log of \(cell.state.cell)",
            [
                "cell": shown(cell.state.cell.description), "cellHref": href(cell), "rawHref": "logs/\(digest).txt",
                "summary": shown(cell.state.words), "phases": steps,
                "errorLine": optional(error.flatMap { $0.lowerBound <= Self.lineLimit ? "\($0.lowerBound)" : nil }),
                "omitted": optional(
                    left == 0 ? "Only the first \(number(Self.lineLimit)) lines are shown; the text has all." : nil),
            ])
    }

    private func markup(of lines: ArraySlice<ArraySlice<UInt8>>, from first: Int, _ error: ClosedRange<Int>?) -> String
    {
        var style = LogLine.Style()
        var output = ""
        for (offset, line) in lines.enumerated() {
            let number = first + offset
            output +=
                "<li id=\"L\(number)\"\(error?.contains(number) == true ? " class=\"error\"" : "")><a href=\"#L\(number)\">\(number)</a>\(LogLine.markup(of: line, &style))</li>\n"
        }
        return output
    }
}
