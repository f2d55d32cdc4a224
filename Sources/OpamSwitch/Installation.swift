package import Archive
package import OpamFormat

/// The destinations of the files in a package's `.install` file (opam manual, "Package `.install`").
package struct Installation: Hashable, Sendable {
    /// One file to install.
    package struct Entry: Hashable, Sendable {
        /// The path relative to the build directory.
        package var source: FilePath
        /// Whether the source may be missing.
        package var isOptional: Bool
        /// The absolute path.
        package var destination: FilePath
        /// The file's permissions.
        package var mode: Mode
    }

    /// Opam installs files with one of two modes, whatever the mode of the built file.
    package enum Mode: String, Hashable, Sendable {
        case data = "644"
        case executable = "755"
    }

    /// The files, in the order of the `.install` file.
    package var entries: [Entry] = []
    /// Distinct directories that are created even if no file is installed in them.
    package var directories: [String] = []

    /// - Throws: `RecipeError` if a destination is outside the switch or among opam's metadata.
    package init(_ file: InstallFile, of package: String, in layout: SwitchLayout) throws(RecipeError) {
        for entry in file.entries {
            let directory = entry.section.directory(of: package, in: layout)
            if entry.section != .misc, !directories.contains(directory) {
                directories.append(directory)
            }
            let given = FilePath(bytes: entry.destinationBytes)
            let path = entry.section == .misc ? given : FilePath(directory).appending(given)
            let destination = Self.normalized(path)
            let isInside = destination.hasPrefix(layout.prefix + "/") && !destination.hasPrefix(layout.metadata + "/")
            guard isInside || entry.section == .misc else {
                throw RecipeError(
                    description: "\(file.tree.file): '\(entry.source)' would be installed outside the switch, as "
                        + "'\(destination)'")
            }
            entries.append(
                Entry(
                    source: FilePath(bytes: entry.sourceBytes), isOptional: entry.isOptional, destination: destination,
                    mode: entry.section.isExecutable ? .executable : .data))
        }
    }

    /// An absolute path without `.`, `..` and empty components.
    private static func normalized(_ path: FilePath) -> FilePath {
        var components: [FilePath] = []
        for component in path.components where component != "." {
            if component == ".." {
                _ = components.popLast()
            } else {
                components.append(component)
            }
        }
        return FilePath(bytes: [UInt8(ascii: "/")] + components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }
}

extension InstallFile.Section {
    fileprivate func directory(of package: String, in layout: SwitchLayout) -> String {
        switch self {
        case .bin, .sbin, .man: "\(layout.prefix)/\(rawValue)"
        case .lib, .libexec: "\(layout.prefix)/lib/\(package)"
        case .libRoot, .libexecRoot: "\(layout.prefix)/lib"
        case .toplevel, .stublibs: "\(layout.prefix)/lib/\(rawValue)"
        case .share, .etc, .doc: "\(layout.prefix)/\(rawValue)/\(package)"
        case .shareRoot: "\(layout.prefix)/share"
        case .root, .rootexec: layout.prefix
        case .misc: "/"
        }
    }
}
