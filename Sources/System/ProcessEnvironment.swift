/// The environment variables of this process. The front end reads them once and passes them down; no other code reads
/// variables from the system.
///
/// - SeeAlso: `docs/decisions/0180-environment-handed-down.md`
package struct ProcessEnvironment: Hashable, Sendable {
    /// All variables, by name.
    package let variables: [String: String]

    /// - Parameter variables: if empty, programs are searched in the system's directories and nothing is configured.
    package init(_ variables: [String: String] = [:]) {
        self.variables = variables
    }

    /// The value of a variable.
    package subscript(name: String) -> String? { variables[name] }

    /// The directories in which programs are searched: those of `PATH`.
    package var programDirectories: [String] {
        (variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
    }

    /// The directory for temporary files: `TMPDIR`, or the system's.
    package var temporaryDirectory: String {
        guard let path = variables["TMPDIR"], !path.isEmpty else { return "/tmp" }
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The variables for a child process with additional variables.
    ///
    /// - Parameter own: additional variables, which override those with the same names.
    package func merging(_ own: [String: String]) -> [String: String] {
        variables.merging(own) { _, own in own }
    }
}
