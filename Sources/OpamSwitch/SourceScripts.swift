package import Archive
internal import System

/// The shell scripts that lay out a package's source, run in the environment before its own commands. What is more than a
/// line is in `Scripts/` (decision 181).
///
/// - SeeAlso: `docs/decisions/0181-scripts-as-files.md`
package enum SourceScripts {
    /// Unpacks an archive as opam does: where it holds a file or a link at its top, all of it is the source; else it must
    /// hold one directory, and that is the source.
    ///
    /// - Parameters:
    ///   - archive: its absolute path, and its name for messages; nil for a package without a source.
    ///   - subpath: the package's folder inside the source.
    ///   - directory: the build directory, absolute, which must not exist.
    package static func unpack(_ archive: (path: String, name: String)?, subpath: String?, to directory: String)
        -> String
    {
        guard let archive else { return "umask 022\nmkdir -p \(ShellWord.quoted(directory))\n" }
        let parameters = ShellWord.assignments([
            "file": archive.path, "archive": archive.name, "subpath": subpath ?? "", "directory": directory,
        ])
        return parameters + String(decoding: PackageResources.unpack_sh, as: UTF8.self)
    }

    /// Copies files to where the recipe wants them, by name relative to the build directory.
    ///
    /// - Parameter files: the absolute path of each.
    package static func place(_ files: [(name: FilePath, path: String)]) -> String {
        files.map { name, path in
            let makeFolder = name.parent.map { "mkdir -p ./\(ShellWord.quoted($0))\n" } ?? ""
            return makeFolder + "cp \(ShellWord.quoted(path)) ./\(ShellWord.quoted(name))\n"
        }.joined()
    }

    /// Applies patches in order, in the build directory. The last line of one that does not apply names it, the file and
    /// the hunk.
    package static func apply(_ patches: [FilePath]) -> String {
        guard !patches.isEmpty else { return "" }
        return String(decoding: PackageResources.apply_patch_sh, as: UTF8.self)
            + patches.map { "apply_patch \(ShellWord.quoted($0))\n" }.joined()
    }
}
