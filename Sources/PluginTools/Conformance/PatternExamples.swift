internal import Core
internal import PluginHost
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
            throw Failure(
                .input,
                "'\(pattern.name)': '\(pattern.expression)' is no regular expression: \(error); expected one of the subset that "
                    + "Swift, PCRE and ICU share")
        }
    }

    /// What is wrong with the examples, each a sentence with what was expected and found.
    var problems: [String] {
        oversights
            + pattern.examples.compactMap { example in
                let place = "'\(pattern.name)' on '\(example.line)'"
                if let literal = pattern.literal, !example.line.contains(literal) {
                    return "\(place): expected the literal '\(literal)' in it"
                }
                guard let match = try? expression.firstMatch(in: example.line) else {
                    return "\(place): no match; correct 'expression' or the example"
                }
                let found = filled(pattern.signature, by: match)
                return found == example.signature ? nil : "\(place): expected '\(example.signature)', found '\(found)'"
            }
    }

    /// What the examples do not show.
    private var oversights: [String] {
        var problems: [String] = []
        if (try? expression.firstMatch(in: "")) != nil {
            problems.append(
                "'\(pattern.name)': the expression matches an empty line, and so every line; make it longer")
        }
        if pattern.signature.trimmed.isEmpty {
            problems.append("'\(pattern.name)': signature: expected words for the failure, found none")
        }
        let groups = pattern.examples.lazy.compactMap { try? expression.firstMatch(in: $0.line)?.output.count }.first
        for reference in pattern.signature.matches(of: /\$([1-9])/) {
            guard let groups, let number = Int(reference.1), number >= groups else { continue }
            problems.append(
                "'\(pattern.name)': signature: there is no group $\(number) in the expression; it has \(groups - 1)")
        }
        return problems
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
