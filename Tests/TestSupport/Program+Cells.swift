internal import Foundation

extension Program.Ending {
    /// The cells in the output of a command with `--format json`: their text fields, by package name; empty for any
    /// other output.
    package var cells: [String: [String: String]] {
        guard let states = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]] else {
            return [:]
        }
        var cells: [String: [String: String]] = [:]
        for state in states {
            guard let cell = state["cell"] else { continue }
            let name = "\(cell)".split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? ""
            cells[name] = state.compactMapValues { $0 as? String }
        }
        return cells
    }

    /// The states of the cells that a command with `--format json` printed, by the names of the cells.
    ///
    /// - Throws: `DecodingError` if the output is not a list of cells with states.
    package func cellStates() throws -> [String: String] {
        struct State: Decodable {
            var cell: String
            var state: String
        }
        let states = try JSONDecoder().decode([State].self, from: Data(output.utf8))
        return Dictionary(states.map { ($0.cell, $0.state) }, uniquingKeysWith: { first, _ in first })
    }
}
