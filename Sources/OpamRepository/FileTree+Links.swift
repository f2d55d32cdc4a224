internal import Core

/// The target of a path in a tree whose symbolic links are resolved within the repository, as in a checkout.
enum LinkTarget {
    /// A file or a directory, and its path without links.
    case entry(FileEntry, path: String)
    /// No usable file or directory, for this reason.
    case nowhere(String)
}

extension FileTree {
    /// The entry itself, or the target if it is a link.
    ///
    /// - Parameters:
    ///   - entry: an entry of `directory`.
    ///   - directory: the path of the directory without links.
    func followed(_ entry: FileEntry, in directory: String) throws(Failure) -> LinkTarget {
        switch entry.kind {
        case .file, .directory: .entry(entry, path: directory.isEmpty ? entry.name : "\(directory)/\(entry.name)")
        case .link where entry.name.contains("\u{FFFD}"):
            // A name that is not valid UTF-8 cannot be resolved back to the link.
            try resolvedTarget(of: entry, in: directory)
        case .link: try resolved(entry.name, from: directory)
        case .submodule: .nowhere("is a submodule, and submodules are not supported")
        case .other: .nowhere("is \(entry.kind.description)")
        }
    }

    private func resolvedTarget(of link: FileEntry, in directory: String) throws(Failure) -> LinkTarget {
        let target = try target(of: link.reference)
        guard !target.isAbsolutePath else {
            return .nowhere("is a link that leads out of the repository, to '\(target)'")
        }
        return try resolved(target, from: directory)
    }

    /// Resolves `path` relative to a directory of the tree.
    private func resolved(_ path: String, from directory: String) throws(Failure) -> LinkTarget {
        var open = Self.parts(directory + "/" + path)
        var directories = [root]
        var names: [String] = []
        var links = 0
        while let name = open.popLast() {
            if name == ".." {
                guard names.popLast() != nil else { return .nowhere("is a link that leads out of the repository") }
                directories.removeLast()
                continue
            }
            let current = (names + [name]).joined(separator: "/")
            guard let entry = try entry(name, in: directories[directories.count - 1]) else {
                return .nowhere("is a link to '\(current)', which does not exist")
            }
            switch entry.kind {
            case .directory:
                directories.append(entry.reference)
                names.append(name)
            case .file:
                guard open.isEmpty else { return .nowhere("is a link through '\(current)', which is not a directory") }
                return .entry(entry, path: current)
            case .link:
                links += 1
                guard links <= RepositoryLimit.links else {
                    return .nowhere("is a link that leads through more than \(RepositoryLimit.links) links")
                }
                let target = try target(of: entry.reference)
                guard !target.isAbsolutePath else {
                    return .nowhere("is a link that leads out of the repository, to '\(target)'")
                }
                open += Self.parts(target)
            case .submodule, .other:
                return .nowhere("is a link to '\(current)', which is \(entry.kind.description)")
            }
        }
        guard let name = names.last else { return .nowhere("is a link to the repository itself") }
        return .entry(
            FileEntry(name: name, kind: .directory, reference: directories[directories.count - 1]),
            path: names.joined(separator: "/"))
    }

    /// The components of a path, the last one first.
    private static func parts(_ path: String) -> [String] {
        path.pathNames.filter { $0 != "." }.reversed()
    }
}
