package import Core

/// A selector of cells, `TARGET/COMPILER/PACKAGE`, whose parts are globs; the last is matched against the package's
/// name and against `NAME.VERSION`.
package struct CellPattern: Hashable, Sendable, CustomStringConvertible {
    /// The glob for targets.
    package let target: Glob
    /// The glob for compilers.
    package let compiler: Glob
    /// The glob for `NAME` or `NAME.VERSION`.
    package let package: Glob

    /// Parses a selector; nil unless `text` has three non-empty parts.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        target = Glob(String(parts[0]))
        compiler = Glob(String(parts[1]))
        package = Glob(String(parts[2]))
    }

    package var description: String { "\(target)/\(compiler)/\(package)" }

    /// Whether all three globs match.
    package func matches(target: String, compiler: String, name: String, version: String) -> Bool {
        self.target.matches(target) && self.compiler.matches(compiler) && matches(name: name, version: version)
    }

    /// Whether the third glob matches the package.
    package func matches(name: String, version: String) -> Bool {
        package.matches(name) || package.matches("\(name).\(version)")
    }
}
