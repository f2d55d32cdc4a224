package import Core

/// A selector of cells, `TARGET/COMPILER/PACKAGE`, each part a glob; the package's part is matched against its
/// name and against `NAME.VERSION`.
package struct CellPattern: Hashable, Sendable, CustomStringConvertible {
    /// Matches names of targets.
    package let target: Glob
    /// Matches names of compilers.
    package let compiler: Glob
    /// Matches `NAME` or `NAME.VERSION`.
    package let package: Glob

    /// Nil unless `text` has three parts, none of them empty.
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

    /// Whether the third glob matches the package, by its name or by its name and version.
    package func matches(name: String, version: String) -> Bool {
        package.matches(name) || package.matches("\(name).\(version)")
    }
}
