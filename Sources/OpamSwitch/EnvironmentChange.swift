package import OpamFormat

/// A change of one environment variable, with its value expanded.
package struct EnvironmentChange: Hashable, Sendable {
    /// The name of the environment variable.
    package var variable: String
    /// How the value is combined with the current one.
    package var `operator`: UpdateOperator
    /// The value with opam's variables expanded.
    package var value: String
    /// The origin of the change, as recorded by opam.
    package var comment: String

    package init(_ variable: String, _ operator: UpdateOperator, _ value: String, comment: String = "") {
        self.variable = variable
        self.operator = `operator`
        self.value = value
        self.comment = comment
    }

    /// All changes of a switch in opam's order.
    ///
    /// - Parameters:
    ///   - packages: the changes of the installed packages.
    ///   - forced: whether the switch's `bin` is put first even if `PATH` already contains it, as in builds.
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
    /// The environment after the changes, each applied to the result of the previous one (opam manual, "setenv").
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
