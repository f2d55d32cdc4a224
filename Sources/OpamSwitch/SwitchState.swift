internal import OpamFormat

/// What opam keeps about a switch as a whole, made again for each environment from its packages.
package struct SwitchState: Hashable, Sendable {
    /// A package in the switch.
    package struct Installed: Hashable, Sendable {
        /// The package's name.
        package var name: String
        /// The package's version.
        package var version: String
        /// Whether it was asked for, rather than pulled in.
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

    /// Where the switch is.
    package var layout: SwitchLayout
    /// The packages in the switch, inputs before what is built over them.
    package var installed: [Installed]
    /// What the packages set for users of the switch, in the order in which opam applies it.
    package var environment: [EnvironmentChange]
    /// Who builds, for the switch's variables `user` and `group`.
    package var user: String

    package init(
        layout: SwitchLayout, installed: [Installed], environment: [EnvironmentChange] = [], user: String
    ) {
        self.layout = layout
        self.installed = installed.sorted { Self.precedes($0, $1) }
        self.environment = environment
        self.user = user
    }

    /// Opam lists packages by name, letter case apart from ties, then by version.
    private static func precedes(_ left: Installed, _ right: Installed) -> Bool {
        (left.name.lowercased(), left.name) < (right.name.lowercased(), right.name)
    }

    /// Directories to be made, relative to `/`, parents first.
    package var directories: [String] {
        let prefix = relative(layout.prefix)
        let metadata = relative(layout.metadata)
        return [relative(layout.root), "\(relative(layout.root))/repo", prefix]
            + SwitchLayout.standardDirectories.map { "\(prefix)/\($0)" }
            + [metadata] + ["build", "config", "install", "packages", "sources"].map { "\(metadata)/\($0)" }
    }

    /// Files to be written, by path relative to `/`.
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

    /// One line an update: variable, operator, value, comment, parted by tabs; blanks are escaped.
    private var environmentFile: String {
        func escaped(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing(" ", with: "\\ ").replacing("\t", with: "\\\t")
        }
        return EnvironmentChange.ofSwitch(layout, packages: environment, forced: false).map { change in
            [change.variable, change.operator.text, escaped(change.value), escaped(change.comment)]
                .joined(separator: "\t") + "\n"
        }.joined()
    }
}
