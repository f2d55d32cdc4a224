/// A command of `build`, `install`, `remove` or `run-test`: its arguments and its filter.
public struct Command: Hashable, Sendable {
    /// The arguments with their filters.
    public var arguments: [Filtered<Argument>]
    /// The filter under which the command runs; nil if it always runs.
    public var filter: Filter?

    /// An argument before the expansion of variables.
    public enum Argument: Hashable, Sendable {
        /// A string that may contain `%{variable}%`.
        case string(String)
        /// `name`, `jobs`, `ocaml:native`
        case variable(VariableReference)
    }

    public init(_ arguments: [Filtered<Argument>], if filter: Filter? = nil) {
        self.arguments = arguments
        self.filter = filter
    }

    /// The command line in an environment; nil if the command does not apply there or has no arguments.
    ///
    /// An argument whose filter is false is omitted. A variable with a list gives an argument for each element; an
    /// undefined variable gives an empty argument.
    public func words(in environment: Environment) -> [String]? {
        guard filter?.holds(in: environment) ?? true else { return nil }
        let words = arguments.flatMap { argument in
            argument.applies(in: environment) ? argument.element.words(in: environment) : []
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
    /// The command lines of the commands that apply in the environment.
    public func words(in environment: Environment) -> [[String]] {
        withoutActuallyEscaping(environment) { environment in
            compactMap { $0.words(in: environment) }
        }
    }
}

/// A change to an environment variable, from `setenv` or `build-env`.
public struct EnvironmentUpdate: Hashable, Sendable {
    /// The name of the environment variable.
    public var name: String
    /// How the value is combined with the current one.
    public var change: UpdateOperator
    /// The value, which may contain `%{variable}%`.
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
