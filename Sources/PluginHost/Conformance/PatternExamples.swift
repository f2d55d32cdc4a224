internal import Core
internal import PluginMessages

/// Tries a pattern on the lines that it says it matches. Logs are read by the worker.
struct PatternExamples {
    let pattern: LogPattern
    private let expression: Regex<AnyRegexOutput>

    /// - Throws: `Failure` naming the pattern where its expression is none.
    init(_ pattern: LogPattern) throws {
        self.pattern = pattern
        do {
            expression = try Regex(pattern.expression)
        } catch {
            throw Failure(.input, "'\(pattern.name)': '\(pattern.expression)' is no regular expression: \(error)")
        }
    }

    /// What is wrong with the examples, each a sentence with what was expected and found.
    var problems: [String] {
        pattern.examples.compactMap { example in
            let place = "'\(pattern.name)' on '\(example.line)'"
            if let literal = pattern.literal, !example.line.contains(literal) {
                return "\(place): expected the literal '\(literal)' in it"
            }
            guard let match = try? expression.firstMatch(in: example.line) else { return "\(place): no match" }
            let found = filled(pattern.signature, by: match)
            return found == example.signature ? nil : "\(place): expected '\(example.signature)', found '\(found)'"
        }
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
