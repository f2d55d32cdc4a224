/// The paths of an opam switch: opam's own layout below its root.
package struct SwitchLayout: Hashable, Sendable {
    /// The opam root, absolute: `/home/opam/.opam`.
    package var root: String
    /// The switch's name, which is also its directory in the root.
    package var name: String

    package init(root: String, name: String = "default") {
        self.root = root
        self.name = name
    }

    /// The directory of the switch, opam's `prefix`.
    package var prefix: String { "\(root)/\(name)" }
    /// What opam itself keeps: nothing that a package installs is here.
    package var metadata: String { "\(prefix)/.opam-switch" }
    /// opam's `bin`.
    package var bin: String { "\(prefix)/bin" }
    /// opam's `man`.
    package var man: String { "\(prefix)/man" }

    /// What a build leaves in the metadata that opam throws away, or keeps for the switch as a whole.
    package var discarded: [String] {
        [
            "backup", "build", "environment", "lock", "packages/cache", "reinstall", "sources", "switch-config",
            "switch-state",
        ].map { "\(metadata)/\($0)" }
    }

    /// The directories directly below the prefix that opam makes in every switch.
    package static let standardDirectories =
        ["bin", "doc", "lib", "lib/stublibs", "lib/toplevel", "man", "sbin", "share"]
        + manSections.map { "man/\($0)" }

    static let manSections = ["man1", "man1M", "man2", "man3", "man4", "man5", "man6", "man7", "man9"]

    /// Where a package is built.
    package func build(of package: String) -> String { "\(metadata)/build/\(package)" }

    /// The variables that opam defines from the layout alone (opam manual, "Switch variables").
    ///
    /// - Parameter package: the package that `%{lib}%` is asked for as `%{package:lib}%`; nil for the global variable.
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
