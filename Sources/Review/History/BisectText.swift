internal import Core
internal import Model

/// The changes between a good and a bad result as text for a terminal.
package struct BisectText: Sendable {
    private let report: BisectReport
    private let limit: Int

    /// - Parameter limit: The maximum number of listed changes.
    package init(_ report: BisectReport, limit: Int = 14) {
        self.report = report
        self.limit = limit
    }

    /// The lines, without colour.
    package var lines: [String] {
        let cell = report.cell
        var lines = ["\(cell.target)/\(cell.compiler)/\(cell.position.package):"] + sides
        if !report.between.isEmpty {
            lines.append(
                "  \(count(report.between.count, "result")) in between \(report.between.count == 1 ? "says" : "say") nothing"
            )
        }
        lines += ["", report.changes.isEmpty ? "no recorded input changed in between" : "changed in between:"]
        var table = TextTable()
        for change in report.changes.prefix(limit) { table.add([change.kind.rawValue, change.name, change.words]) }
        lines += table.lines(indentedBy: 2)
        let hidden = report.changes.count - min(report.changes.count, limit)
        if hidden > 0 { lines.append("  … and \(hidden) more (--format json)") }
        if let unknown = report.unknown { lines.append("note: \(unknown)") }
        return lines + unchanged
    }

    private var sides: [String] {
        var table = TextTable()
        let rows: [(String, CellHistory.Entry?, String?)] = [
            ("last good", report.good, nil), ("first bad", report.bad, report.reason),
            ("now, since", report.present, report.presentReason),
        ]
        for case (let title, let entry?, let reason) in rows {
            table.add([
                title, UTCTime.minute(entry.time), entry.run.map { "run \($0)" } ?? "", entry.package.description,
                entry.words, reason?.split(whereSeparator: \.isNewline).first.map(String.init) ?? "",
            ])
        }
        return table.lines(indentedBy: 2)
    }

    private var unchanged: [String] {
        guard report.unknown == nil else { return [] }
        let kinds: [InputChange.Kind] = [
            .package, .source, .repository, .input, .compiler, .systemPackage, .plugin, .environment, .limit,
        ]
        let same = kinds.filter { kind in !report.changes.contains { $0.kind == kind } }
        return same.isEmpty ? [] : ["the same: " + same.map(\.rawValue).joined(separator: ", ")]
    }
}
