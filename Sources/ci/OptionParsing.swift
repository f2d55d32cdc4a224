internal import ArgumentParser

extension Option {
    /// The option of a setting, named after its key. An invalid value is an error that says what was expected.
    init<T>(_ setting: Setting<T>, completion: CompletionKind? = nil) where Value == T? {
        self.init(
            name: .customLong(setting.key), help: setting.help, completion: completion,
            transform: expecting(setting.expected, setting.read))
    }

    /// An option with a default, which ArgumentParser shows in the help of options without a parser only.
    init(
        wrappedValue: Value, help: ArgumentHelp, parsedBy parse: @escaping @Sendable (String) throws -> Value
    ) where Value: CustomStringConvertible {
        var help = help
        help.abstract += " (default: \(wrappedValue))"
        self.init(wrappedValue: wrappedValue, help: help, transform: parse)
    }
}

/// A parser of a number in a range.
///
/// - Parameter unit: what is counted, such as "of hours"; nil for plain numbers.
func number<Number: FixedWidthInteger & Sendable>(
    _ unit: String? = nil, in range: ClosedRange<Number>
) -> @Sendable (String) throws -> Number {
    let noun = unit.map { "a number \($0)" } ?? "a number"
    let form =
        range.upperBound == .max
        ? "\(noun) from \(range.lowerBound)" : "\(noun) from \(range.lowerBound) to \(range.upperBound)"
    return expecting(form) { Number($0).flatMap { range.contains($0) ? $0 : nil } }
}

/// A parser of an option's value whose error says what was expected.
///
/// - Parameters:
///   - form: the expected form, as a noun phrase.
///   - read: returns nil for an invalid value.
func expecting<Value>(
    _ form: String, _ read: @escaping @Sendable (String) -> Value?
) -> @Sendable (String) throws -> Value {
    { text in
        guard let value = read(text) else { throw ValidationError("expected \(form)") }
        return value
    }
}
