/// What a variable can hold.
public enum VariableValue: Hashable, Sendable {
    case bool(Bool)
    case string(String)
    case list([String])

    /// The value as a boolean, if it is one or is written as one.
    public var bool: Bool? {
        switch self {
        case .bool(let value): value
        case .string(let text): Bool(text)
        case .list(let texts): texts.count == 1 ? Bool(texts[0]) : nil
        }
    }

    /// The value as text; the texts of a list are joined by spaces.
    public var text: String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .string(let text): text
        case .list(let texts): texts.joined(separator: " ")
        }
    }
}

/// A variable that an environment is asked for.
public struct Variable: Hashable, Sendable, CustomStringConvertible {
    /// Whose variable it is.
    public enum Scope: Hashable, Sendable {
        /// `os`
        case global
        /// `_:version`: of the package that is looked at.
        case own
        /// `ocaml:native`
        case package(PackageName)
    }

    /// Whose variable it is: global, of a package, or of the package at hand (`_`).
    public var scope: Scope
    /// The name without its scope.
    public var name: String

    public init(_ name: String, scope: Scope = .global) {
        self.scope = scope
        self.name = name
    }

    public var description: String {
        switch scope {
        case .global: name
        case .own: "_:\(name)"
        case .package(let package): "\(package):\(name)"
        }
    }
}

/// Answers what a variable is; nil when it isn't defined.
public typealias Environment = (Variable) -> VariableValue?

/// A variable as it is written, for one package, for several, or for none: `os`, `ocaml:native`, `a+b:enable`, and
/// inside `%{…}%` with two texts to choose from: `a:installed?yes:no`.
public struct VariableReference: Hashable, Sendable, CustomStringConvertible {
    /// Empty for a global variable; nil means `_`.
    public var packages: [PackageName?]
    public var name: String
    /// What the reference gives in place of a boolean.
    public var choice: Choice?

    /// The texts of `%{variable?a:b}%`.
    public struct Choice: Hashable, Sendable {
        /// The text where the variable is true.
        public var whenTrue: String
        /// The text where it is false or undefined.
        public var whenFalse: String
    }

    public init(_ name: String, packages: [PackageName?] = [], choice: Choice? = nil) {
        self.name = name
        self.packages = packages
        self.choice = choice
    }

    /// Reads a reference. A part of the list of packages that is empty is left out.
    ///
    /// - Parameter interpolated: Whether the text is in `%{…}%`, where `?package:variable:` is a further way to
    ///   write a variable of one package whose name may have a `+`.
    /// - Returns: nil when the name of a package is not valid.
    public init?(parsing text: String, interpolated: Bool) {
        guard let (head, last) = text.cutAtLast(":") else {
            self.init(text)
            return
        }
        guard let (condition, whenTrue) = head.cutAtLast("?") else {
            self.init(packages: head, name: last, choice: nil)
            return
        }
        if condition.isEmpty, interpolated {
            guard let (package, name) = whenTrue.cutAtLast(":") else {
                self.init(last)
                return
            }
            guard let package = PackageName(package) else { return nil }
            self.init(name, packages: [package])
            return
        }
        let choice = Choice(whenTrue: whenTrue, whenFalse: last)
        if let (packages, name) = condition.cutAtLast(":") {
            self.init(packages: packages, name: name, choice: choice)
        } else {
            self.init(condition, choice: choice)
        }
    }

    private init?(packages text: String, name: String, choice: Choice?) {
        var packages: [PackageName?] = []
        for part in text.split(separator: "+") {
            if part == "_" {
                packages.append(nil)
            } else if let package = PackageName(String(part)) {
                packages.append(package)
            } else {
                return nil
            }
        }
        self.init(name, packages: packages, choice: choice)
    }

    /// The variables that the reference looks at.
    public var variables: [Variable] {
        if packages.isEmpty { return [Variable(name)] }
        return packages.map { Variable(name, scope: $0.map { .package($0) } ?? .own) }
    }

    public var description: String {
        let scope = packages.map { $0?.text ?? "_" }.joined(separator: "+")
        let choice = choice.map { "?\($0.whenTrue):\($0.whenFalse)" } ?? ""
        return (scope.isEmpty ? "" : scope + ":") + name + choice
    }
}

extension VariableReference {
    /// What the reference gives in an environment; nil when that is undefined.
    ///
    /// `p:enable` is `p:installed?enable:disable`. Of several packages the result is true when it is true for each.
    ///
    /// - Parameter keepsUndefined: Whether a choice whose condition isn't known is left undecided, rather than taken
    ///   as false.
    func value(in environment: Environment, keepsUndefined: Bool) -> VariableValue? {
        if !packages.isEmpty, name == "enable", choice == nil {
            let choice = Choice(whenTrue: "enable", whenFalse: "disable")
            return VariableReference("installed", packages: packages, choice: choice)
                .value(in: environment, keepsUndefined: keepsUndefined)
        }
        let value = plainValue(in: environment)
        guard let choice else { return value }
        switch value?.bool {
        case true: return .string(choice.whenTrue)
        case false: return .string(choice.whenFalse)
        case nil: return keepsUndefined ? value : .string(choice.whenFalse)
        }
    }

    private func plainValue(in environment: Environment) -> VariableValue? {
        let variables = variables
        if variables.count == 1 { return environment(variables[0]) }
        var conjunction: Bool? = true
        for variable in variables where conjunction != false {
            let value = environment(variable)
            if value != .bool(true) { conjunction = value?.bool }
        }
        return conjunction.map { .bool($0) }
    }
}

extension String {
    /// The texts before and after the last occurrence of an ASCII character.
    func cutAtLast(_ separator: Unicode.Scalar) -> (String, String)? {
        guard let index = utf8.lastIndex(of: UInt8(ascii: separator)) else { return nil }
        return (String(self[..<index]), String(self[utf8.index(after: index)...]))
    }
}
