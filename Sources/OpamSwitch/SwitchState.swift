internal import OpamFormat
internal import System

/// Opam's metadata about a switch as a whole, generated for each environment from its packages.
package struct SwitchState: Hashable, Sendable {
    /// A package in the switch.
    package struct Installed: Hashable, Sendable {
        /// The package's name.
        package var name: String
        /// The package's version.
        package var version: String
        /// Whether it was requested explicitly, rather than as a dependency.
        package var isRoot: Bool
        /// Whether it has the flag `compiler`.
        package var isCompiler: Bool

        package init(name: String, version: String, isRoot: Bool = false, isCompiler: Bool = false) {
            self.name = name
            self.version = version
            self.isRoot = isRoot
            self.isCompiler = isCompiler
        }

        package var description: String { "\(name).\(version)" }
    }

    /// The layout of the switch.
    package var layout: SwitchLayout
    /// The packages in the switch, every package after its inputs.
    package var installed: [Installed]
    /// The changes of the packages to the environment of users of the switch, in the order in which opam applies them.
    package var environment: [EnvironmentChange]
    /// The user of builds, for the switch's variables `user` and `group`.
    package var user: String

    package init(
        layout: SwitchLayout, installed: [Installed], environment: [EnvironmentChange] = [], user: String
    ) {
        self.layout = layout
        self.installed = installed.sorted { Self.precedes($0, $1) }
        self.environment = environment
        self.user = user
    }

    /// Opam's order of packages: by name ignoring case, then by name, then by version.
    private static func precedes(_ left: Installed, _ right: Installed) -> Bool {
        (left.name.lowercased(), left.name) < (right.name.lowercased(), right.name)
    }

    /// The directories to create, relative to `/`, parents first.
    package var directories: [String] {
        let prefix = relative(layout.prefix)
        let metadata = relative(layout.metadata)
        return [relative(layout.root), "\(relative(layout.root))/repo", prefix]
            + SwitchLayout.standardDirectories.map { "\(prefix)/\($0)" }
            + [metadata] + ["build", "config", "install", "packages", "sources"].map { "\(metadata)/\($0)" }
    }

    /// The files to write, by path relative to `/`.
    package var files: [String: String] {
        let root = relative(layout.root)
        let metadata = relative(layout.metadata)
        return [
            "\(root)/config": rootConfiguration,
            "\(root)/lock": "",
            "\(root)/config.lock": "",
            "\(root)/repo/lock": "",
            "\(root)/repo/repos-config": Self.version,
            "\(metadata)/lock": "",
            "\(metadata)/switch-config": switchConfiguration,
            "\(metadata)/switch-state": switchState,
            "\(metadata)/environment": environmentFile,
        ]
    }

    private func relative(_ path: String) -> String { String(path.drop { $0 == "/" }) }

    private static let version = "opam-version: \"2.0\"\n"

    private var rootConfiguration: String {
        """
        opam-version: "2.0"
        opam-root-version: "2.1"
        installed-switches: "\(layout.name)"
        switch: "\(layout.name)"
        depext: true
        depext-run-installs: true
        depext-cannot-install: false

        """
    }

    private var switchConfiguration: String {
        let compilers = installed.filter(\.isCompiler).map { "\"\($0.name)\" {= \"\($0.version)\"}" }
        return """
            opam-version: "2.0"
            synopsis: "\(layout.name)"
            opam-root: "\(layout.root)"
            invariant: [\(compilers.joined(separator: " "))]
            variables {
              user: "\(user)"
              group: "\(user)"
            }

            """
    }

    private var switchState: String {
        func list(_ packages: [Installed]) -> String {
            packages.isEmpty ? "[]" : "[\n" + packages.map { "  \"\($0.description)\"\n" }.joined() + "]"
        }
        return Self.version + "compiler: \(list(installed.filter(\.isCompiler)))\n"
            + "roots: \(list(installed.filter { $0.isRoot || $0.isCompiler }))\ninstalled: \(list(installed))\n"
    }

    /// One line for each update: variable, operator, value and comment, separated by tabs, with blanks escaped.
    private var environmentFile: String {
        func escaped(_ text: String) -> String {
            text.replacingScalar("\\", with: "\\\\").replacingScalar(" ", with: "\\ ").replacing("\t", with: "\\\t")
        }
        return EnvironmentChange.ofSwitch(layout, packages: environment, forced: false).map { change in
            [change.variable, change.operator.text, escaped(change.value), escaped(change.comment)]
                .joined(separator: "\t") + "\n"
        }.joined()
    }
}
