package import OpamFormat

/// A change of one environment variable with its value expanded, and what it does to an environment.
package struct EnvironmentChange: Hashable, Sendable {
    /// The variable of the environment.
    package var variable: String
    /// How the value is combined with the one that is there.
    package var `operator`: UpdateOperator
    /// The value, with opam's variables replaced.
    package var value: String
    /// Who asks for the change, as opam records it.
    package var comment: String

    package init(_ variable: String, _ operator: UpdateOperator, _ value: String, comment: String = "") {
        self.variable = variable
        self.operator = `operator`
        self.value = value
        self.comment = comment
    }

    /// All changes that a switch makes, in opam's order.
    ///
    /// - Parameters:
    ///   - packages: what the installed packages set.
    ///   - forced: whether the switch's `bin` comes first even where `PATH` has it already, as it does for builds.
    package static func ofSwitch(_ layout: SwitchLayout, packages: [EnvironmentChange], forced: Bool)
        -> [EnvironmentChange]
    {
        [EnvironmentChange("OPAM_SWITCH_PREFIX", .set, layout.prefix, comment: "Prefix of the current opam switch")]
            + packages + [
                EnvironmentChange("MANPATH", .appendKeepingDefault, layout.man, comment: "Current opam switch man dir"),
                EnvironmentChange(
                    "PATH", forced ? .prepend : .replaceInPlace, layout.bin,
                    comment: "Binary dir for opam switch \(layout.name)"),
            ]
    }
}

extension [EnvironmentChange] {
    /// `environment` after the changes, each applied to what the one before left (opam manual, "setenv").
    package func applied(to environment: [String: String]) -> [String: String] {
        var environment = environment
        for change in self {
            let old = environment[change.variable] ?? ""
            environment[change.variable] = Self.join(change, old)
        }
        return environment
    }

    private static func join(_ change: EnvironmentChange, _ old: String) -> String {
        let value = change.value
        switch change.operator {
        case .set: return value
        case .prepend, .replaceInPlace: return old.isEmpty ? value : "\(value):\(old)"
        case .append: return old.isEmpty ? value : "\(old):\(value)"
        case .prependKeepingDefault: return old.isEmpty ? "\(value):" : "\(value):\(old)"
        case .appendKeepingDefault: return old.isEmpty ? ":\(value)" : "\(old):\(value)"
        }
    }
}
