internal import Core
internal import Foundation
package import PluginMessages

/// Finds the line that tells why a step failed, by the patterns of the target's plugin.
package struct LogReader: Sendable {
    /// What a log says.
    package struct Finding: Hashable, Sendable {
        /// As printed, with the lines that continue it.
        package var line: String
        /// Equal for equal failures.
        package var signature: String
        /// What the line means; nil where no pattern knows it.
        package var kind: LogPattern.Kind?
        /// The phase to blame, where it is not the failing step's.
        package var phase: Step.Phase?
    }

    private let patterns: [LogPattern]

    package init(_ patterns: [LogPattern]) {
        self.patterns = patterns
    }

    /// Reads what the failing step printed.
    ///
    /// Of the lines that a pattern matches, the one whose pattern comes first wins, and of equals the first line. Where
    /// none matches, it is the last line that speaks of an error.
    ///
    /// - Complexity: O(patterns × lines), where few lines have a pattern's literal.
    package func read(_ log: String) -> Finding? {
        let lines = log.split(whereSeparator: \.isNewline).map { plain($0) }
        for pattern in patterns {
            guard let expression = try? Regex(pattern.expression) else { continue }
            for (number, line) in lines.enumerated() where line.utf8.count < 4096 {
                if let literal = pattern.literal, !line.contains(literal) { continue }
                guard let match = try? expression.firstMatch(in: line) else { continue }
                let groups = match.output.map { $0.substring.map(String.init) ?? "" }
                return Finding(
                    line: continued(lines, from: number), signature: signature(pattern.signature, groups),
                    kind: pattern.kind, phase: pattern.phase)
            }
        }
        guard let line = lines.last(where: speaksOfError) else { return nil }
        return Finding(line: line, signature: normalized(line), kind: nil, phase: nil)
    }

    private func speaksOfError(_ line: String) -> Bool {
        ["error", "Error", "ERROR", "not found", "No such file", "fatal", "Fatal", "cannot "].contains {
            line.contains($0)
        }
    }

    /// OCaml goes on with a message on lines that are indented; three of them are enough to read.
    private func continued(_ lines: [String], from number: Int) -> String {
        var text = lines[number]
        for line in lines[(number + 1)...].prefix(3) {
            guard line.hasPrefix("  "), text.hasPrefix("Error") else { break }
            text += " " + line.drop { $0 == " " }
        }
        return text
    }

    private func signature(_ template: String, _ groups: [String]) -> String {
        var text = template
        for (number, group) in groups.enumerated().dropFirst().reversed() {
            text = text.replacing("$\(number)", with: group)
        }
        return normalized(text)
    }
}

/// A line without the codes that colour it on a terminal.
private func plain(_ line: Substring) -> String {
    guard line.utf8.contains(0x1B) else { return String(line) }
    return String(line.replacing(/\u{1B}\[[0-9;]*[A-Za-z]/, with: ""))
}

/// `line` without what differs between machines and runs: directories, numbers, addresses.
package func normalized(_ line: String) -> String {
    var text = line.replacing(/(?:\/[A-Za-z0-9_.+@%~-]+)+\/([A-Za-z0-9_.+@%~-]*)/) { String($0.output.1) }
    text = text.replacing(/\b0x[0-9a-fA-F]+\b|\b[0-9a-f]{16,}\b/, with: "N")
    text = text.replacing(/\b[0-9]+(?:[.:-][0-9]+)*\b/, with: "N")
    let words = text.split(separator: " ").joined(separator: " ")
    return String(words.prefix(200))
}
