internal import ArgumentParser
internal import Core
internal import Model

/// A selector as the command line has it. What is wrong with it is a mistake in the input, not in the command line.
struct SelectorArgument: ExpressibleByArgument, Sendable {
    private let text: String

    init(argument: String) {
        text = argument
    }

    /// - Throws: `Failure` that names what was expected.
    func selector() throws(Failure) -> Selector { try Selector(parsing: text) }
}

extension [SelectorArgument] {
    /// - Throws: `Failure` for the first that is wrong.
    func selectors() throws(Failure) -> [Selector] {
        var selectors: [Selector] = []
        for argument in self { selectors.append(try argument.selector()) }
        return selectors
    }
}
