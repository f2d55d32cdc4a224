internal import ArgumentParser
internal import Core
internal import Model

/// A selector on the command line. An invalid selector is an error in the input, not in the usage of the command.
struct SelectorArgument: ExpressibleByArgument, Sendable {
    private let text: String

    init(argument: String) {
        text = argument
    }

    /// Parses the selector.
    ///
    /// - Throws: `Failure` of the category `input`.
    func selector() throws(Failure) -> Selector { try Selector(parsing: text) }
}

extension [SelectorArgument] {
    /// Parses the selectors.
    ///
    /// - Throws: `Failure` of the category `input` for the first invalid one.
    func selectors() throws(Failure) -> [Selector] {
        var selectors: [Selector] = []
        for argument in self { selectors.append(try argument.selector()) }
        return selectors
    }
}
