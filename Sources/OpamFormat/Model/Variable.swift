/// The value of a variable.
public enum VariableValue: Hashable, Sendable {
    case bool(Bool)
    case string(String)
    case list([String])

    /// The value as a boolean, if it is one or a string that denotes one.
    public var bool: Bool? {
        switch self {
        case .bool(let value): value
        case .string(let text): Bool(text)
        case .list(let texts): texts.count == 1 ? Bool(texts[0]) : nil
        }
    }

    /// The value as a string; the elements of a list are joined by spaces.
    public var text: String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .string(let text): text
        case .list(let texts): texts.joined(separator: " ")
        }
    }
}

/// The name and scope of a variable.
public struct Variable: Hashable, Sendable, CustomStringConvertible {
    /// The scope of a variable.
    public enum Scope: Hashable, Sendable {
        /// `os`
        case global
        /// `_:version`: of the current package.
        case own
        /// `ocaml:native`
        case package(PackageName)
    }

    /// The scope: global, of a package, or of the current package (`_`).
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

/// Returns the value of a variable; nil if it is undefined.
public typealias Environment = (Variable) -> VariableValue?

/// A reference to a variable that is global or of one or several packages: `os`, `ocaml:native`, `a+b:enable`, and
/// inside `%{…}%` with two alternative texts: `a:installed?yes:no`.
public struct VariableReference: Hashable, Sendable, CustomStringConvertible {
    /// The packages, where nil means `_`; empty for a global variable.
    public var packages: [PackageName?]
    public var name: String
    /// The texts that replace a boolean value.
    public var choice: Choice?

    /// The texts of `%{variable?a:b}%`.
    public struct Choice: Hashable, Sendable {
        /// The text if the variable is true.
        public var whenTrue: String
        /// The text if it is false or undefined.
        public var whenFalse: String
    }

    public init(_ name: String, packages: [PackageName?] = [], choice: Choice? = nil) {
        self.name = name
        self.packages = packages
        self.choice = choice
    }

    /// Parses a reference. Empty elements of the list of packages are ignored.
    ///
    /// - Parameter interpolated: Whether the text is in `%{…}%`, where `?package:variable:` is another notation for a
    ///   variable of one package whose name may contain a `+`.
    /// - Returns: nil if the name of a package is invalid.
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

    /// The variables that the value depends on.
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
    /// The value of the reference in an environment; nil if it is undefined.
    ///
    /// `p:enable` is `p:installed?enable:disable`. The value for several packages is true if it is true for each.
    ///
    /// - Parameter keepsUndefined: Whether a choice with an undefined condition is left undefined instead of being
    ///   treated as false.
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
