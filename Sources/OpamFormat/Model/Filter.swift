/// A condition over variables, as in `available: os != "win32"` or `{with-test & arch = "x86_64"}`.
public indirect enum Filter: Hashable, Sendable {
    case bool(Bool)
    /// A string, which may contain `%{variable}%`.
    case string(String)
    case variable(VariableReference)
    case compare(Filter, RelationalOperator, Filter)
    case and([Filter])
    case or([Filter])
    case not(Filter)
    /// `?a`: whether the value is defined.
    case defined(Filter)

    /// Every variable that the value may depend on, including those in strings.
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
    /// The filter in the syntax of opam files.
    public var description: String { text(in: .whole) }

    /// The contexts of a filter in the order in which they need parentheses.
    private enum Context: Int {
        case whole, disjunction, conjunction, operand
    }

    private func text(in context: Context) -> String {
        switch self {
        case .bool(let value): return value ? "true" : "false"
        case .string(let text): return Printer.quoted(text)
        case .variable(let reference): return reference.description
        case .compare(let left, let relation, let right):
            let text = "\(left.text(in: .operand)) \(relation.text) \(right.text(in: .operand))"
            return context == .operand ? "(\(text))" : text
        case .and(let parts):
            let text = parts.map { $0.text(in: .conjunction) }.joined(separator: " & ")
            return context.rawValue >= Context.conjunction.rawValue ? "(\(text))" : text
        case .or(let parts):
            let text = parts.map { $0.text(in: .disjunction) }.joined(separator: " | ")
            return context.rawValue >= Context.disjunction.rawValue ? "(\(text))" : text
        case .not(let operand): return "!\(operand.text(in: .operand))"
        case .defined(let operand): return "?\(operand.text(in: .operand))"
        }
    }
}
