internal import Core
internal import Git
internal import Model

/// The output of `ci show` as lines for a terminal.
package struct ShownText: Sendable {
    /// The number of lines printed by default.
    package static let limit = 24

    private let shown: Shown
    private let width: Int
    private let isWhole: Bool

    /// - Parameters:
    ///   - width: The width of the terminal in columns; longer lines are truncated.
    ///   - isWhole: Whether to print all lines.
    package init(_ shown: Shown, width: Int, isWhole: Bool) {
        (self.shown, self.width, self.isWhole) = (shown, max(width, 20), isWhole)
    }

    /// The lines, without colour. The last one counts omitted lines.
    package var lines: [String] {
        switch shown {
        case .summary(let summary): return SummaryText(summary, width: width).lines
        case .maintainer(let packages): return packages.lines(width: width, limit: isWhole ? nil : Self.limit)
        case .cell, .package, .cause, .causes, .run: break
        }
        let lines = all.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }
            .map { String($0).displayableOnOneLine }
        if isWhole { return lines }
        let shown = lines.count <= Self.limit ? lines : Array(lines.prefix(Self.limit - 1))
        let rest = lines.count - shown.count
        return (shown + (rest > 0 ? ["… and \(count(rest, "line")) more: --all"] : [])).map { $0.cut(to: width) }
    }

    private var all: [String] {
        switch shown {
        case .cell(let cell): text(of: cell)
        case .package(let package): text(of: package)
        case .cause(let cause): text(of: cause)
        case .causes(let causes):
            causes.map { "\($0.id)  \($0.count)  \(SummaryText.words(of: $0))" }
        case .run(let run): text(of: run)
        case .summary, .maintainer: []
        }
    }

    private func text(of shown: ShownCell) -> [String] {
        let state = shown.state
        var lines = ["\(state.cell): \(state.words)" + (shown.confirmation.map { ", \($0)" } ?? "")]
        if let reason = state.reason { lines += reason.split(separator: "\n").prefix(6).map { "  \($0)" } }
        if let accepted = state.acceptanceWords { lines.append("accepted: \(accepted)") }
        if let error = shown.error {
            let location = error.line.map { ", line \($0) of the log" } ?? ""
            lines.append("kind: \(error.kind)\(location)")
        }
        if let cause = shown.cause { lines.append("cause: \(cause)") }
        if !shown.history.isEmpty {
            var table = TextTable()
            for result in shown.history.prefix(isWhole ? .max : 8) {
                let words = result.outcome?.words(in: result.phase, result.change) ?? "removed"
                table.add([
                    Self.time(result.time), result.run.map { "run \($0)" } ?? "", words, result.change?.rawValue ?? "",
                    result.commit.description.prefix(12).description,
                ])
            }
            lines.append("history: \(count(shown.history.count, "result"))")
            lines += table.lines(indentedBy: 2)
        }
        lines.append("next: ci explain \(state.cell)")
        if state.log != nil { lines.append("      ci log \(state.cell)") }
        return lines
    }

    private func text(of shown: ShownRun) -> [String] {
        let cause = shown.changes.lazy.compactMap(\.cause).first
        let against = shown.against.map { "ci diff \($0) \(shown.run.number) --all" }
        let next = [cause.map { "ci show \($0)" }, against].compactMap { $0 }
        return shown.text + next.enumerated().map { ($0 == 0 ? "next: " : "      ") + $1 }
    }

    private func text(of shown: ShownPackage) -> [String] {
        var table = TextTable()
        for state in shown.cells { table.add(["\(state.cell)", state.words]) }
        return ["\(shown.name): \(count(shown.cells.count, "cell"))"]
            + shown.causes.map { "  cause \($0.id): \(SummaryText.words(of: $0))" } + table.lines(indentedBy: 2)
    }

    private func text(of shown: ShownCause) -> [String] {
        let cause = shown.cause
        let head = "cause \(cause.id): \(SummaryText.words(of: cause))"
        var lines = [head]
        // A reason is printed whole here: it is what the user asked for.
        if head.count > width, let reason = cause.reason?.split(separator: "\n").first {
            lines += String(reason).displayableOnOneLine.wrapped(to: width - 2).prefix(4).map { "  " + $0 }
        }
        if let signature = cause.signature { lines.append("signature: \(signature)") }
        lines.append(
            "\(count(cause.packages.count, "package")) in \(count(cause.columns, "column")): "
                + "\(cause.cells.count) themselves, \(cause.blocks.count) blocked")
        let byPackage = Dictionary(grouping: shown.cells, by: \.cell.package.withoutBackend).sorted { $0.key < $1.key }
        var table = TextTable()
        for (package, states) in byPackage {
            let columns = states.map(\.cell.fullColumnName)
            table.add(["\(package)", columns.joined(separator: " ")])
        }
        lines += table.lines(indentedBy: 2)
        if !cause.blocks.isEmpty {
            let names = Set(cause.blocks.map(\.package.name)).sorted()
            lines.append("blocks: \(names.joined(separator: " "))")
        }
        if let cell = cause.cells.first { lines.append("next: ci show \(cell)") }
        return lines
    }

    private static func time(_ seconds: Int) -> String {
        seconds == 0 ? "" : String(UTCTime.iso(seconds).prefix(16))
    }
}
