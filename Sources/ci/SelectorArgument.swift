internal import ArgumentParser
internal import Core
internal import Documents

/// A selector as the command line has it. What is wrong with it is a mistake in the input, not in the command line.
struct SelectorArgument: ExpressibleByArgument, Sendable {
    private let text: String

    init(argument: String) {
        text = argument
    }

    /// - Throws: `Failure` that names what was expected.
    func selector() throws(Failure) -> Selector {
        if let selector = Selector(text) { return selector }
        let outcomes = Outcome.allCases.map(\.rawValue)
        if text.hasPrefix("outcome:") {
            let word = String(text.dropFirst("outcome:".count))
            let near = nearest(to: word, in: outcomes).map { "did you mean 'outcome:\($0)'? " } ?? ""
            throw Failure(
                .input, "'\(text)': there is no outcome '\(word)'",
                hint: "\(near)outcomes are \(outcomes.joined(separator: ", "))")
        }
        throw Failure(
            .input, "'\(text)' is not a selector",
            hint: "expected TARGET/COMPILER/PACKAGE with globs, outcome:WORD, signature:TEXT or task:ID")
    }
}

extension [SelectorArgument] {
    /// - Throws: `Failure` for the first that is wrong.
    func selectors() throws(Failure) -> [Selector] {
        var selectors: [Selector] = []
        for argument in self { selectors.append(try argument.selector()) }
        return selectors
    }
}
