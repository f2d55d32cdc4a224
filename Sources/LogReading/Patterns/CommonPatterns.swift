package import PluginMessages

/// The error messages of compilers, linkers, build tools and package managers that are the same on every distribution.
/// A plugin's own patterns precede them.
package enum CommonPatterns {
    /// All patterns. Of those of equal precedence that match a line, the first is used.
    package static let all: [LogPattern] =
        machine + runner + systemPackages + mirrors + network + sources + ocaml + dune
        + ocamlMessages + c + linker + configuration + tools + tests + translations + generic

    /// The names of patterns for errors that any program may print. In the output of a test, they report that it
    /// failed.
    static let ofAnyProgram: Set = ["exception", "exception-header", "ocaml-error", "tool-error", "cannot"]
}
