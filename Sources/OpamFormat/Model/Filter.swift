/// A condition over variables, as in `available: os != "win32"` or `{with-test & arch = "x86_64"}`.
public indirect enum Filter: Hashable, Sendable {
    case bool(Bool)
    /// A text, which may hold `%{variable}%`.
    case string(String)
    case variable(VariableReference)
    case compare(Filter, RelationalOperator, Filter)
    case and([Filter])
    case or([Filter])
    case not(Filter)
    /// `?a`: whether the value is defined.
    case defined(Filter)

    /// Every variable that the value may depend on, also those inside texts.
    public var variables: Set<Variable> {
        var found: Set<Variable> = []
        collectVariables(into: &found)
        return found
    }

    private func collectVariables(into found: inout Set<Variable>) {
        switch self {
        case .bool: break
        case .string(let text): found.formUnion(Interpolation.variables(in: text))
        case .variable(let reference): found.formUnion(reference.variables)
        case .compare(let left, _, let right):
            left.collectVariables(into: &found)
            right.collectVariables(into: &found)
        case .and(let parts), .or(let parts):
            for part in parts { part.collectVariables(into: &found) }
        case .not(let operand), .defined(let operand): operand.collectVariables(into: &found)
        }
    }
}

extension Filter: CustomStringConvertible {
    /// The filter as an opam file writes it.
    public var description: String { text(within: .lowest) }

    private enum Strength: Int {
        case lowest, and, operand
    }

    private func text(within context: Strength) -> String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .string(let text): Printer.quoted(text)
        case .variable(let reference): reference.description
        case .compare(let left, let relation, let right):
            parenthesized(
                "\(left.text(within: .operand)) \(relation.text) \(right.text(within: .operand))",
                context == .operand)
        case .and(let parts):
            parenthesized(parts.map { $0.text(within: .operand) }.joined(separator: " & "), context == .operand)
        case .or(let parts):
            parenthesized(parts.map { $0.text(within: .and) }.joined(separator: " | "), context != .lowest)
        case .not(let operand): "!\(operand.text(within: .operand))"
        case .defined(let operand): "?\(operand.text(within: .operand))"
        }
    }

    private func parenthesized(_ text: String, _ condition: Bool) -> String {
        condition ? "(\(text))" : text
    }
}
