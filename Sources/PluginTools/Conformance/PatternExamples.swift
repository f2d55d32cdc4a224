internal import Core
internal import LogReading
internal import PluginMessages

/// Checks a pattern against its examples, with the worker's log reader.
struct PatternExamples {
    let pattern: LogPattern
    private let expression: Expression

    /// - Throws: `Failure` that names the pattern if one of its expressions is invalid.
    init(_ pattern: LogPattern) throws {
        self.pattern = pattern
        expression = try Self.expression(pattern.expression, of: pattern)
        for other in [pattern.exclusion, pattern.preceding].compactMap({ $0 }) {
            _ = try Self.expression(other, of: pattern)
        }
    }

    private static func expression(_ source: String, of pattern: LogPattern) throws -> Expression {
        do {
            return try Expression(source)
        } catch {
            throw Failure(
                .input,
                "'\(pattern.name)': '\(source)' is not a regular expression: \(error); expected one of the subset that "
                    + "docs/logs.md describes")
        }
    }

    /// The problems of the pattern and its examples, each as a sentence with what was expected and found.
    var problems: [String] {
        let reader = LogReader(only: [pattern])
        return oversights
            + pattern.examples.compactMap { example in
                let location = "'\(pattern.name)' on '\(example.line)'"
                if let literals = pattern.literals, !literals.contains(where: example.line.contains) {
                    return "\(location): expected one of its literals in it"
                }
                guard let finding = reader.read(Array(example.line.utf8)), finding.pattern == pattern.name else {
                    return "\(location): no match; correct 'expression' or the example"
                }
                return finding.signature == example.signature
                    ? nil : "\(location): expected '\(example.signature)', found '\(finding.signature)'"
            }
    }

    /// Problems that the examples do not reveal.
    private var oversights: [String] {
        var problems: [String] = []
        if expression.matches([]) {
            problems.append(
                "'\(pattern.name)': the expression matches an empty line, and so every line; make it longer")
        }
        for literal in pattern.literals ?? [] where literal.utf8.count < LogReader.shortestLiteral {
            problems.append(
                "'\(pattern.name)': the literal '\(literal)' is too short; expected \(LogReader.shortestLiteral) bytes or more"
            )
        }
        for reference in (pattern.failureClass ?? "").matches(of: /\$([1-9])/) {
            guard let number = Int(reference.1), number > expression.groupCount else { continue }
            problems.append(
                "'\(pattern.name)': class: there is no group $\(number) in the expression; it has \(expression.groupCount)"
            )
        }
        return problems
    }
}
