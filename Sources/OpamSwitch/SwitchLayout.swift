/// The paths of an opam switch: opam's layout of its root.
package struct SwitchLayout: Hashable, Sendable {
    /// The absolute path of the opam root: `/home/opam/.opam`.
    package var root: String
    /// The name of the switch, which is also its directory in the root.
    package var name: String

    package init(root: String, name: String = "default") {
        self.root = root
        self.name = name
    }

    /// The directory of the switch, opam's `prefix`.
    package var prefix: String { "\(root)/\(name)" }
    /// The directory of opam's metadata, in which packages install nothing.
    package var metadata: String { "\(prefix)/.opam-switch" }
    /// The switch's `bin`.
    package var bin: String { "\(prefix)/bin" }
    /// The switch's `man`.
    package var man: String { "\(prefix)/man" }

    /// Metadata left by a build that opam discards, or that concerns the switch as a whole.
    package var discarded: [String] {
        [
            "backup", "build", "environment", "lock", "packages/cache", "reinstall", "sources", "switch-config",
            "switch-state",
        ].map { "\(metadata)/\($0)" }
    }

    /// The directories that opam creates below the prefix of every switch.
    package static let standardDirectories =
        ["bin", "doc", "lib", "lib/stublibs", "lib/toplevel", "man", "sbin", "share"]
        + manSections.map { "man/\($0)" }

    static let manSections = ["man1", "man1M", "man2", "man3", "man4", "man5", "man6", "man7", "man9"]

    /// The build directory of a package.
    package func build(of package: String) -> String { "\(metadata)/build/\(package)" }

    /// The variables that opam derives from the layout alone (opam manual, "Switch variables").
    ///
    /// - Parameter package: the package for `%{package:lib}%`; nil for the global variable `%{lib}%`.
    package func directory(_ variable: String, of package: String? = nil) -> String? {
        switch variable {
        case "prefix": package == nil ? prefix : nil
        case "bin", "sbin", "man": "\(prefix)/\(variable)"
        case "lib", "share", "etc", "doc": "\(prefix)/\(variable)" + (package.map { "/\($0)" } ?? "")
        case "stublibs", "toplevel": package == nil ? "\(prefix)/lib/\(variable)" : nil
        default: nil
        }
    }
}
