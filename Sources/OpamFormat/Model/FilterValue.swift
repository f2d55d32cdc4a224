/// The value of a filter in an environment.
public enum FilterValue: Hashable, Sendable {
    case bool(Bool)
    case string(String)
    case undefined

    /// The value as a boolean, if it is one or a string that denotes one.
    public var bool: Bool? {
        switch self {
        case .bool(let value): value
        case .string(let text): Bool(text)
        case .undefined: nil
        }
    }

    /// The value as a string; nil if it is undefined.
    public var text: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .string(let text): text
        case .undefined: nil
        }
    }

    init(_ value: VariableValue?) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .some(let value): self = .string(value.text)
        case nil: self = .undefined
        }
    }
}

/// Evaluation with three values, by the rules of the opam manual ("Filters"):
///
/// - `undefined & false` is false and `undefined | true` is true; otherwise an undefined operand makes the result
///   undefined.
/// - `?undefined` is false. Comparisons compare strings as versions.
/// - A string other than `true` and `false` counts as undefined where a boolean is required.
/// - `%{undefined}%` in a string expands to nothing.
extension Filter {
    /// The value of the filter with the variables of `environment`.
    public func evaluate(in environment: Environment) -> FilterValue {
        switch self {
        case .bool(let value): return .bool(value)
        case .string(let text): return .string(Interpolation.expand(text, in: environment))
        case .variable(let reference):
            let value = FilterValue(reference.value(in: environment, keepsUndefined: false))
            guard case .string(let text) = value else { return value }
            return .string(Interpolation.expand(text, in: environment))
        case .compare(let left, let relation, let right):
            guard let left = left.evaluate(in: environment).text, let right = right.evaluate(in: environment).text
            else { return .undefined }
            return .bool(relation.holds(Version.compare(left, right)))
        case .and(let parts): return Self.combine(parts, absorbing: false, in: environment)
        case .or(let parts): return Self.combine(parts, absorbing: true, in: environment)
        case .not(let operand):
            return operand.evaluate(in: environment).bool.map { .bool(!$0) } ?? .undefined
        case .defined(let operand): return .bool(operand.evaluate(in: environment) != .undefined)
        }
    }

    /// Whether the filter is true; `default` if it is undefined or not a boolean.
    public func holds(in environment: Environment, default: Bool = false) -> Bool {
        evaluate(in: environment).bool ?? `default`
    }

    private static func combine(
        _ parts: [Filter], absorbing: Bool, in environment: Environment
    ) -> FilterValue {
        guard var result = parts.first?.evaluate(in: environment) else { return .bool(!absorbing) }
        for part in parts.dropFirst() {
            if result == .bool(absorbing) { return result }
            result = combine(result, part.evaluate(in: environment), absorbing: absorbing)
        }
        return result
    }

    /// `left & right` if `absorbing` is false, `left | right` if it is true.
    private static func combine(_ left: FilterValue, _ right: FilterValue, absorbing: Bool) -> FilterValue {
        if left == .bool(absorbing) || right == .bool(absorbing) { return .bool(absorbing) }
        guard let left = left.bool, let right = right.bool else { return .undefined }
        return .bool(absorbing ? left || right : left && right)
    }
}

extension Filter {
    /// The filter with the variables that are defined in `environment` replaced by their values.
    ///
    /// Evaluating the remainder in an environment with the other variables is how opam treats filters of dependencies:
    /// a `?` that finds a variable undefined here remains false.
    public func partiallyEvaluated(in environment: Environment) -> Filter {
        switch reduced(in: environment) {
        case .known(.bool(let value)): .bool(value)
        case .known(let value): .string(Interpolation.escaped(value.text ?? ""))
        case .rest(let filter): filter
        }
    }

    private enum Reduction {
        /// Never undefined.
        case known(FilterValue)
        case rest(Filter)

        var filter: Filter {
            switch self {
            case .known(.bool(let value)): .bool(value)
            case .known(let value): .string(Interpolation.escaped(value.text ?? ""))
            case .rest(let filter): filter
            }
        }

        var value: FilterValue {
            if case .known(let value) = self { value } else { .undefined }
        }
    }

    private func reduced(in environment: Environment) -> Reduction {
        switch self {
        case .bool(let value): return .known(.bool(value))
        case .string(let text): return Self.reduced(text, in: environment)
        case .variable(let reference):
            switch FilterValue(reference.value(in: environment, keepsUndefined: true)) {
            case .undefined: return .rest(self)
            case .string(let text): return Self.reduced(text, in: environment)
            case let value: return .known(value)
            }
        case .compare(let left, let relation, let right):
            let (left, right) = (left.reduced(in: environment), right.reduced(in: environment))
            guard let leftText = left.value.text, let rightText = right.value.text else {
                return .rest(.compare(left.filter, relation, right.filter))
            }
            return .known(.bool(relation.holds(Version.compare(leftText, rightText))))
        case .and(let parts): return Self.reduced(parts, absorbing: false, in: environment)
        case .or(let parts): return Self.reduced(parts, absorbing: true, in: environment)
        case .not(let operand):
            let operand = operand.reduced(in: environment)
            return operand.value.bool.map { .known(.bool(!$0)) } ?? .rest(.not(operand.filter))
        case .defined(let operand): return .known(.bool(operand.reduced(in: environment).value != .undefined))
        }
    }

    private static func reduced(_ text: String, in environment: Environment) -> Reduction {
        if let value = Interpolation.expandIfDefined(text, in: environment) { return .known(.string(value)) }
        return .rest(.string(Interpolation.partiallyExpanded(text, in: environment)))
    }

    private static func reduced(_ parts: [Filter], absorbing: Bool, in environment: Environment) -> Reduction {
        guard var result = parts.first?.reduced(in: environment) else { return .known(.bool(!absorbing)) }
        for part in parts.dropFirst() {
            let part = part.reduced(in: environment)
            let value = combine(result.value, part.value, absorbing: absorbing)
            let pair = [result.filter, part.filter]
            result = value == .undefined ? .rest(absorbing ? .or(pair) : .and(pair)) : .known(value)
        }
        return result
    }
}
