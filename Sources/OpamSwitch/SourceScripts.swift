package import Archive
internal import ShellQuoting

/// Shell scripts that unpack a package's source. They run in the environment before the package's own commands. Scripts
/// of more than one line are in `Scripts/`.
///
/// - SeeAlso: `docs/decisions/0181-scripts-as-files.md`
package enum SourceScripts {
    /// Unpacks an archive as opam does: if its top level contains a file or a link, the whole archive is the source;
    /// otherwise it must contain one directory, which is the source.
    ///
    /// - Parameters:
    ///   - archive: its absolute path, and its name for messages; nil for a package without a source.
    ///   - subpath: the package's directory in the source.
    ///   - directory: the absolute path of the build directory, which must not exist.
    package static func unpack(_ archive: (path: String, name: String)?, subpath: String?, to directory: String)
        -> String
    {
        guard let archive else { return "umask 022\nmkdir -p \(ShellWord.quoted(directory))\n" }
        let parameters = ShellWord.assignments([
            "file": archive.path, "archive": archive.name, "subpath": subpath ?? "", "directory": directory,
        ])
        return parameters + String(decoding: PackageResources.unpack_sh, as: UTF8.self)
    }

    /// Copies files to their names relative to the build directory.
    ///
    /// - Parameter files: the names relative to the build directory, and the absolute path of each file.
    package static func copy(_ files: [(name: FilePath, path: String)]) -> String {
        files.map { name, path in
            let makeDirectory = name.parent.map { "mkdir -p ./\(ShellWord.quoted($0))\n" } ?? ""
            return makeDirectory + "cp \(ShellWord.quoted(path)) ./\(ShellWord.quoted(name))\n"
        }.joined()
    }

    /// Applies patches in order in the build directory. If one does not apply, the last line names the patch, the file
    /// and the hunk.
    package static func apply(_ patches: [FilePath]) -> String {
        guard !patches.isEmpty else { return "" }
        return String(decoding: PackageResources.apply_patch_sh, as: UTF8.self)
            + patches.map { "apply_patch \(ShellWord.quoted($0))\n" }.joined()
    }
}
