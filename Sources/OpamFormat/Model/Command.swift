/// A command of `build`, `install`, `remove` or `run-test`: its arguments, and when it counts.
public struct Command: Hashable, Sendable {
    /// The words of the command, each with the filter under which it counts.
    public var arguments: [Filtered<Argument>]
    /// The filter under which the command runs; nil: always.
    public var filter: Filter?

    /// A word before variables are replaced.
    public enum Argument: Hashable, Sendable {
        /// A text with `%{variable}%` in it.
        case string(String)
        /// `name`, `jobs`, `ocaml:native`
        case variable(VariableReference)
    }

    public init(_ arguments: [Filtered<Argument>], if filter: Filter? = nil) {
        self.arguments = arguments
        self.filter = filter
    }

    /// The words to execute in an environment; nil when the command doesn't count there or has no words.
    ///
    /// An argument whose filter doesn't hold is left out. A variable that is a list gives a word for each of its
    /// texts; one that is undefined gives an empty word.
    public func words(in environment: Environment) -> [String]? {
        guard filter?.holds(in: environment) ?? true else { return nil }
        let words = arguments.flatMap { argument in
            argument.counts(in: environment) ? argument.element.words(in: environment) : []
        }
        return words.isEmpty ? nil : words
    }
}

extension Command.Argument {
    func words(in environment: Environment) -> [String] {
        switch self {
        case .string(let text): [Interpolation.expand(text, in: environment)]
        case .variable(let reference):
            switch reference.value(in: environment, keepsUndefined: false) {
            case .list(let texts): texts
            case .some(let value): [value.text]
            case nil: [""]
            }
        }
    }
}

extension [Command] {
    /// The words of the commands that count in the environment.
    public func words(in environment: Environment) -> [[String]] {
        withoutActuallyEscaping(environment) { environment in
            compactMap { $0.words(in: environment) }
        }
    }
}

/// A change to an environment variable, from `setenv` or `build-env`.
public struct EnvironmentUpdate: Hashable, Sendable {
    /// The variable of the environment.
    public var name: String
    /// How the value is combined with the one that is there.
    public var change: UpdateOperator
    /// A text with `%{variable}%` in it.
    public var value: String

    public init(_ name: String, _ change: UpdateOperator, _ value: String) {
        self.name = name
        self.change = change
        self.value = value
    }
}

extension Value {
    func command() throws(FieldError) -> Command {
        let (list, braces) = withoutBraces
        let arguments = try list.elements { argument throws(FieldError) in
            try argument.filtered { word throws(FieldError) in try word.argument() }
        }
        guard !braces.isEmpty else { return Command(arguments) }
        guard let filter = braces.only else { throw unexpected("one filter in the braces") }
        return Command(arguments, if: try filter.filter())
    }

    private func argument() throws(FieldError) -> Command.Argument {
        switch node.kind {
        case .string: return .string(text)
        case .identifier:
            guard let reference = VariableReference(parsing: text, interpolated: false) else {
                throw FieldError(message: "'\(text)' is not a variable of a package", node: node)
            }
            return .variable(reference)
        default: throw unexpected("a string or a variable")
        }
    }

    func environmentUpdate() throws(FieldError) -> EnvironmentUpdate {
        if node.kind == .list {
            guard let only = children.only else { throw unexpected("one update of an environment variable") }
            return try only.environmentUpdate()
        }
        let isSet = node.kind == .relation && relationalOperator == .equal
        guard isSet || node.kind == .update else { throw unexpected("an update of an environment variable") }
        return EnvironmentUpdate(
            try firstChild.identifier(), isSet ? .set : updateOperator, try lastOfTwo.string())
    }
}
