internal import Archive
internal import Core

/// The files of an image as listed in its layers, with the contents of only a few small files.
struct ImageTree {
    private enum Node {
        case directory
        case file([UInt8]?)
        case link(String)
        /// Another name of the file at a path.
        case hardLink(String)
    }

    /// The nodes by path relative to the root, without a leading slash.
    private var nodes: [String: Node] = [:]
    /// The maximum size of contents that can be requested.
    private static let contentsLimit = 1 << 20
    /// The limits of all layers together.
    private static let limits = TreeLimits(bytes: 256 << 20, entries: 4_000_000, depth: 256)

    /// - Parameter isWanted: whether the contents of the file at a path are kept.
    mutating func add(layer archive: String, isWanted: (String) -> Bool) throws(ArchiveError) {
        var removed: [String] = []
        var entries: [(String, Node)] = []
        try readMembers(
            of: archive, limits: Self.limits, size: Self.contentsLimit,
            wanted: { isWanted(Self.path(of: $0.path)) },
            visit: { entry, contents in
                let path = Self.path(of: entry.path)
                let (parent, name) = Self.split(path)
                if name == ".wh..wh..opq" {
                    removed.append(parent + "/")
                } else if name.hasPrefix(".wh.") {
                    removed.append(Self.join(parent, String(name.dropFirst(4))))
                } else if let node = Self.node(entry, contents) {
                    entries.append((path, node))
                }
            })
        if !removed.isEmpty { remove(removed.map(resolvingParent)) }
        var last: (parent: String, resolved: String)?
        for (path, node) in entries {
            let (parent, name) = Self.split(path)
            let resolved = last.flatMap { $0.parent == parent ? $0.resolved : nil } ?? resolve("/\(parent)") ?? parent
            last = (parent, resolved)
            let key = Self.join(resolved, name)
            if case .directory = node, case .directory? = nodes[key] { continue }
            if key.isEmpty { continue }
            nodes[key] = withContents(node)
            addDirectories(above: resolved)
        }
    }

    /// A hard link as the file that it currently refers to; other nodes unchanged.
    private func withContents(_ node: Node) -> Node {
        guard case .hardLink(let target) = node else { return node }
        switch nodes[resolvingParent(target)] {
        case .file(let contents)?: return .file(contents)
        case .link(let target)?: return .link(target)
        case .directory?, .hardLink?, nil: return .file(nil)
        }
    }

    /// Adds parent directories that no layer lists.
    private mutating func addDirectories(above path: String) {
        var path = path
        while !path.isEmpty, nodes[path] == nil {
            nodes[path] = .directory
            path = Self.split(path).parent
        }
    }

    /// Resolves the links in a layer's path, as unpacking does.
    private func resolvingParent(_ path: String) -> String {
        let (parent, name) = Self.split(path)
        return Self.join(resolve("/\(parent)") ?? parent, name)
    }

    /// Removes paths with everything below them; for a path that ends with a slash, only what is below it.
    private mutating func remove(_ removed: [String]) {
        let exact = Set(removed.filter { !$0.hasSuffix("/") })
        let above = Set(removed.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 })
        nodes = nodes.filter { path, _ in
            if exact.contains(path) { return false }
            var parent = path
            while !parent.isEmpty {
                parent = Self.split(parent).parent
                if above.contains(parent) { return false }
            }
            return true
        }
    }

    private static func node(_ entry: ArchiveEntry, _ contents: [UInt8]?) -> Node? {
        switch entry.kind {
        case .directory: .directory
        case .file: .file(contents)
        case .hardLink(let target): .hardLink(Self.path(of: target))
        case .symbolicLink(let target): .link(target.description)
        case .special: nil
        }
    }

    private static func path(of path: FilePath) -> String {
        path.components.filter { $0 != "." }.map(\.description).joined(separator: "/")
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        let parent = path.pathPrefix
        return (
            String(decoding: parent.utf8.dropLast(), as: UTF8.self),
            String(decoding: path.utf8.dropFirst(parent.utf8.count), as: UTF8.self)
        )
    }

    private static func join(_ parent: String, _ name: String) -> String { parent.isEmpty ? name : "\(parent)/\(name)" }

    // MARK: Queries

    /// Whether an absolute path exists, after following links.
    func contains(_ path: String) -> Bool { resolve(path) != nil }

    /// The contents of the file at an absolute path, if they were kept.
    func text(_ path: String) -> String? {
        guard let path = resolve(path), case .file(let contents?)? = nodes[path] else { return nil }
        return String(decoding: contents, as: UTF8.self)
    }

    /// The sorted names in the directory at an absolute path.
    ///
    /// - Complexity: O(files of the image).
    func names(in path: String) -> [String] {
        guard let path = resolve(path) else { return [] }
        let prefix = path.isEmpty ? "" : "\(path)/"
        let found = nodes.keys.compactMap { key -> String? in
            guard key.hasPrefix(prefix), key.utf8.count > prefix.utf8.count else { return nil }
            return String(key.dropFirst(prefix.count).prefix { $0 != "/" })
        }
        return Set(found).sorted()
    }

    /// Resolves the links in a path; nil if it does not exist.
    private func resolve(_ path: String) -> String? {
        var rest = path.pathNames[...]
        var reached: [String] = []
        var links = 0
        while let name = rest.popFirst() {
            if name == "." { continue }
            if name == ".." {
                _ = reached.popLast()
                continue
            }
            let here = (reached + [name]).joined(separator: "/")
            guard case .link(let target)? = nodes[here] else {
                reached.append(name)
                continue
            }
            links += 1
            guard links <= 40 else { return nil }
            if target.isAbsolutePath { reached = [] }
            rest = (target.pathNames + rest)[...]
        }
        let found = reached.joined(separator: "/")
        return found.isEmpty || nodes[found] != nil ? found : nil
    }
}
