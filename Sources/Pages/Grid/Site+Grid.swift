internal import Core
internal import Foundation
internal import Model
internal import Review
internal import System

extension Site {
    /// The page of the grid, whose cells are packed strings that a script draws.
    func gridPage() -> Page {
        page(
            "grid", at: "grid.html", title: "Grid", isWide: true,
            [
                "denominator": denominator, "script": Self.asset("grid.js"), "details": "grid-details.js",
                "people": "grid-people.js", "data": gridData(),
            ])
    }

    /// `35,486 cells of 4,503 package versions × 8 columns`.
    var denominator: String {
        let rows = grid.names.count
        return
            "\(counted(cells.count, "cell")) of \(counted(rows, "package version")) × \(counted(columns.count, "column"))"
    }

    /// The cells as JSON that is safe in a script element: `<` is escaped.
    ///
    /// `rows` are names of package versions, one per line; `states` has a letter for each row and column; `causes` are
    /// pairs of an id and a sentence; `causeOf` has the causes of the bad cells, in order, as `PackedNumbers.runs`:
    /// 1-based indexes, 0 for none.
    private func gridData() -> String {
        var states = ""
        var causeOf: [Int] = []
        var numbers: [Int: Int] = [:]
        var listed: [[String]] = []
        for cell in grid.cells.joined() {
            let letter = cell.map { StandingPresentation($0).letter } ?? " "
            states.append(letter)
            guard let cell, "BFKYIA".contains(letter) else { continue }
            guard let cause = causesOfCells[cell.state.cell] else {
                causeOf.append(0)
                continue
            }
            if numbers[cause] == nil {
                listed.append([causes[cause].id, sentence(of: causes[cause], limit: 60)])
                numbers[cause] = listed.count
            }
            causeOf.append(numbers[cause] ?? 0)
        }
        let data = GridData(
            run: runs.first?.number ?? 0, columns: columns.map { shown($0.name, limit: 80) },
            rows: grid.names.map { shown($0, limit: 120) }.joined(separator: "\n"), states: states,
            causes: listed,
            causeOf: PackedNumbers.runs(causeOf))
        return Self.json(data)
    }

    /// Data that the grid loads when it is sorted, coloured or filtered by it.
    func gridDetails() -> Page {
        let all = grid.cells.joined()
        let details = GridDetails(
            since: PackedNumbers.runs(all.map { $0?.sinceRun ?? 0 }),
            seconds: String(all.map { Self.durationLetter($0?.state.duration) }))
        return Page(
            "grid-details.js", "text/javascript; charset=utf-8",
            Array("globalThis.gridDetails = \(Self.json(details));\n".utf8))
    }

    /// The base-4 logarithm of a duration in seconds as a digit; a space if it is unknown.
    private static func durationLetter(_ duration: Double?) -> Character {
        guard let duration else { return " " }
        return Character(String(min(7, 1 + Int(log2(max(1, duration)) / 2))))
    }

    static func json(_ value: some Encodable) -> String {
        ((try? CompactJSON.text(of: value)) ?? "").replacingScalar("<", with: "\\u003c")
    }
}

private struct GridData: Encodable {
    var run: Int
    var columns: [String]
    var rows: String
    var states: String
    var causes: [[String]]
    var causeOf: String
}

private struct GridDetails: Encodable {
    var since: String
    var seconds: String
}
