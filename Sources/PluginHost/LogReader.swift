internal import Core
package import PluginMessages

/// Reads logs by a plugin's patterns.
///
/// Lines longer than ``lineLimit`` characters are cut before they are read, so that a hostile log costs no more than
/// its size.
package struct LogReader: Sendable {
    /// What a line says.
    package struct Finding: Hashable, Sendable {
        package var pattern: LogPattern
        /// The pattern's signature with the groups filled in.
        package var signature: String
        package var line: String
        /// From 0.
        package var lineNumber: Int
    }

    package static let lineLimit = 2_000

    fileprivate struct Compiled: @unchecked Sendable {
        let pattern: LogPattern
        // A regular expression is never changed after it was compiled.
        let expression: Regex<AnyRegexOutput>
    }

    private let compiled: [Compiled]

    /// - Throws: `Failure` naming the pattern whose expression is none.
    package init(_ patterns: [LogPattern]) throws {
        compiled = try patterns.map { pattern in
            do {
                let expression = try Regex(pattern.expression)
                return Compiled(pattern: pattern, expression: expression)
            } catch {
                throw Failure(
                    .input, "pattern '\(pattern.name)': '\(pattern.expression)' is no regular expression: \(error)")
            }
        }
    }

    /// What went wrong, by the first pattern of the list that any line matches, and of its lines the first; nil where
    /// none matches.
    ///
    /// - Complexity: O(patterns × letters) where patterns have literals that few lines hold.
    package func read(_ lines: some Sequence<some StringProtocol>) -> Finding? {
        var best: (index: Int, finding: Finding)?
        for (number, line) in lines.enumerated() {
            let line = String(line.prefix(Self.lineLimit))
            for index in compiled.indices.prefix(best?.index ?? compiled.count) {
                guard let signature = compiled[index].signature(of: line) else { continue }
                best = (
                    index,
                    Finding(pattern: compiled[index].pattern, signature: signature, line: line, lineNumber: number)
                )
                break
            }
        }
        return best?.finding
    }

    /// The signature that the pattern of that name gives to a line; nil where it does not match.
    func signature(of line: String, by name: String) -> String? {
        compiled.first { $0.pattern.name == name }?.signature(of: line)
    }
}

extension LogReader.Compiled {
    fileprivate func signature(of line: String) -> String? {
        if let literal = pattern.literal, !line.utf8.contains(literal.utf8) { return nil }
        guard let match = try? expression.firstMatch(in: line) else { return nil }
        return filled(pattern.signature, by: match)
    }

    private func filled(_ template: String, by match: Regex<AnyRegexOutput>.Match) -> String {
        var result = ""
        var rest = template[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            guard let digit = rest.first?.wholeNumberValue, digit > 0, digit < match.output.count else {
                result.append("$")
                continue
            }
            result += match.output[digit].substring ?? ""
            rest = rest.dropFirst()
        }
        return result + rest
    }
}

extension String.UTF8View {
    /// Whether `part` occurs in it.
    fileprivate func contains(_ part: String.UTF8View) -> Bool {
        guard let first = part.first else { return true }
        var start = startIndex
        while let found = self[start...].firstIndex(of: first) {
            if self[found...].starts(with: part) { return true }
            start = index(after: found)
        }
        return false
    }
}
