package import PluginMessages

/// How compilers, linkers, build tools and package managers say what went wrong, the same on every distribution. A plugin's own
/// patterns come before them.
package enum CommonPatterns {
    /// Every pattern. Of those of one precedence that match the same line the first one counts.
    package static let all = machine + distributions + sources + ocaml + c + tools + tests + generic
}
