package import Core
internal import OpamFormat
package import OpamSolver

extension Compiler {
    /// Parses a compiler given by a user.
    ///
    /// - Throws: `Failure` of the category `input` if the text is not a compiler.
    package init(named text: String) throws(Failure) {
        guard let compiler = Compiler(text) else {
            throw Failure(
                .input, "'\(text)' is not a compiler", hint: "give a version of OCaml, as 5.3.0 or system:4.13.1")
        }
        self = compiler
    }
}

extension TargetVariables {
    /// The variables of a target given by a user, with the user's own assignments.
    ///
    /// - Parameter assignments: `NAME=VALUE` for each variable.
    /// - Throws: `Failure` of the category `input` if there is no such target, or an assignment is malformed.
    package init(named target: String, architecture: String, compiler: Compiler, assignments: [String])
        throws(Failure)
    {
        guard let found = TargetVariables(target: target, architecture: architecture) else {
            throw Failure(
                .input, "there is no target '\(target)'",
                hint: Self.nearestForm(to: target).map { "did you mean '\($0)'?" }
                    ?? "targets are \(Self.knownForms.joined(separator: ", "))")
        }
        self = found
        for assignment in assignments {
            guard let (name, value) = Self.parse(assignment: assignment) else {
                throw Failure(
                    .input, "--variable '\(assignment)': expected KEY=VALUE", hint: "as in --variable os-version=12")
            }
            values[name] = .string(value)
        }
        set(compiler: compiler)
    }

    private static func nearestForm(to target: String) -> String? {
        let names = knownForms.map { String($0.prefix { $0 != "-" }) }
        return nearest(to: String(target.prefix { $0 != "-" }), in: names)
            .flatMap { name in knownForms.first { $0.hasPrefix(name) } }
    }

    private static func parse(assignment text: String) -> (Variable, String)? {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
            let reference = VariableReference(parsing: String(text[..<equals]), interpolated: false),
            reference.variables.count == 1
        else { return nil }
        return (reference.variables[0], String(text[text.index(after: equals)...]))
    }
}
