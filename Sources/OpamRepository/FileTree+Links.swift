internal import Core

/// The target of a path in a tree whose symbolic links are resolved within the repository, as in a checkout.
enum LinkTarget {
    /// A file or a folder, and its path without links.
    case entry(FileEntry, path: String)
    /// No usable file or folder, for this reason.
    case nowhere(String)
}

extension FileTree {
    /// The entry itself, or the target if it is a link.
    ///
    /// - Parameters:
    ///   - entry: an entry of `folder`.
    ///   - folder: the path of the folder without links.
    func followed(_ entry: FileEntry, in folder: String) throws(Failure) -> LinkTarget {
        switch entry.kind {
        case .file, .folder: .entry(entry, path: folder.isEmpty ? entry.name : "\(folder)/\(entry.name)")
        case .link where entry.name.contains("\u{FFFD}"):
            // A name that is not valid UTF-8 cannot be resolved back to the link.
            try resolvedTarget(of: entry, in: folder)
        case .link: try resolved(entry.name, from: folder)
        case .submodule: .nowhere("is a submodule, and submodules are not supported")
        case .other: .nowhere("is \(entry.kind.description)")
        }
    }

    private func resolvedTarget(of link: FileEntry, in folder: String) throws(Failure) -> LinkTarget {
        let target = try target(of: link.reference)
        guard !target.isAbsolutePath else {
            return .nowhere("is a link that leads out of the repository, to '\(target)'")
        }
        return try resolved(target, from: folder)
    }

    /// Resolves `path` relative to a folder of the tree.
    private func resolved(_ path: String, from folder: String) throws(Failure) -> LinkTarget {
        var open = Self.parts(folder + "/" + path)
        var folders = [root]
        var names: [String] = []
        var links = 0
        while let name = open.popLast() {
            if name == ".." {
                guard names.popLast() != nil else { return .nowhere("is a link that leads out of the repository") }
                folders.removeLast()
                continue
            }
            let current = (names + [name]).joined(separator: "/")
            guard let entry = try entry(name, in: folders[folders.count - 1]) else {
                return .nowhere("is a link to '\(current)', which does not exist")
            }
            switch entry.kind {
            case .folder:
                folders.append(entry.reference)
                names.append(name)
            case .file:
                guard open.isEmpty else { return .nowhere("is a link through '\(current)', which is not a folder") }
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
            FileEntry(name: name, kind: .folder, reference: folders[folders.count - 1]),
            path: names.joined(separator: "/"))
    }

    /// The components of a path, the last one first.
    private static func parts(_ path: String) -> [String] {
        path.pathNames.filter { $0 != "." }.reversed()
    }
}
