internal import Core
internal import Model
internal import Review
internal import System

/// Prints states of cells on standard output.
struct CellPrinter {
    let format: OutputFormat

    func print(_ states: [CellState]) throws {
        switch format {
        case .text:
            for line in ResultsText(states).lines { StandardOutput.print(line, styled: coloured) }
        case .json:
            try printJSON(states)
        case .csv:
            StandardOutput.print("cell,state,required,phase,signature,reason,blocked-by,seconds,job,log,kind,retry")
            for state in states { StandardOutput.print(line(for: state)) }
        }
    }

    private func line(for state: CellState) -> String {
        [
            state.cell.description, state.state, state.required ? "yes" : "no", state.phase?.rawValue, state.signature,
            state.reason, state.blockedBy?.description, state.duration.map { "\($0)" }, state.job, state.log,
            state.kind?.rawValue, state.retry == true ? "pending" : nil,
        ].map { csvField($0 ?? "") }.joined(separator: ",")
    }

    private func coloured(_ line: String) -> String {
        guard Terminal.hasColour else { return line }
        var line = line
        for (word, colour) in [("success", 32), ("failure", 31), ("blocked", 33), ("unsolvable", 35)] {
            line = line.replacing("  \(word)", with: "  \u{1B}[\(colour)m\(word)\u{1B}[0m")
        }
        return line
    }
}

/// A CSV field by RFC 4180: quoted if it contains a comma, a quote or a line break.
func csvField(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
    return "\"\(text.replacingScalar("\"", with: "\"\""))\""
}
