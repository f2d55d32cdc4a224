package import PluginMessages

/// How compilers, linkers, build tools and package managers say what went wrong, the same on every distribution. A plugin's own
/// patterns come before them.
package enum CommonPatterns {
    /// Every pattern. Of those of one precedence that match the same line the first one counts.
    package static let all: [LogPattern] =
        machine + runner + systemPackages + mirrors + network + sources + ocaml + dune
        + ocamlMessages + c + linker + configuration + tools + tests + generic
}
