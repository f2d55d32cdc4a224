import Archive
public import Core
import Glibc

extension RemoteSession {
    /// Notes what lies below `paths`, relative to the workspace's root, before a build changes it.
    ///
    /// Takes a second: file systems tell times by the second, and what is changed later must look so.
    public func mark(_ paths: [String]) async throws(Failure) {
        try check(paths)
        try await script(
            "cd \(root) && find \(paths.joined(separator: " ")) 2>/dev/null | LC_ALL=C sort > ../before; : > ../stamp; sleep 1\n",
            into: "/dev/null")
    }

    /// Keeps what was added, changed or removed below the same paths since then as a layer of `store`: the same layer that
    /// a sandbox on this machine would give for the same changes.
    public func capture(_ paths: [String], into store: LayerStore) async throws(Failure) -> Layer {
        try check(paths)
        let places = paths.joined(separator: " ")
        // What tar descends into twice it writes twice, which does no harm. OpenBSD's tar calls the list -I.
        try await script(
            """
            cd \(root) || exit 1
            find \(places) 2>/dev/null | LC_ALL=C sort > ../after
            LC_ALL=C comm -23 ../before ../after > ../removed
            { LC_ALL=C comm -13 ../before ../after; find \(places) ! -type d -newer ../stamp 2>/dev/null; } |
                LC_ALL=C sort -u > ../changed
            cp ../removed ./.ciso-removed
            echo .ciso-removed >> ../changed
            case $(uname) in OpenBSD|MirBSD) list=-I ;; *) list=-T ;; esac
            tar -cf - $list ../changed
            rm -f .ciso-removed

            """, into: "\(scratch.path)/changes.tar")
        let tree = "\(scratch.path)/changes"
        removeTree(tree)
        do {
            try Extraction(links: .anywhere, limits: store.limits).extract("\(scratch.path)/changes.tar", to: tree)
        } catch {
            throw error.failure
        }
        let removed = contents(of: "\(tree)/.ciso-removed") ?? ""
        unlink("\(tree)/.ciso-removed")
        for path in topmost(removed.split(separator: "\n").map(String.init)) {
            try markRemoved(path, in: tree)
        }
        return try store.capture(directory: tree, ownership: .fixed(LayerStore.builder))
    }

    /// Those of `paths` that lie below no other.
    private func topmost(_ paths: [String]) -> [String] {
        let all = Set(paths)
        return paths.filter { path in
            var parent = path[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                if all.contains(String(parent)) { return false }
            }
            return true
        }
    }

    private func markRemoved(_ path: String, in tree: String) throws(Failure) {
        guard isPlainPath(path), !path.split(separator: "/").contains("..") else {
            throw Failure(.input, "\(host.destination): removed a file with the unusual name '\(path)'")
        }
        if let slash = path.lastIndex(of: "/") { try makeDirectories("\(tree)/\(path[..<slash])") }
        guard mknod("\(tree)/\(path)", S_IFCHR, 0) == 0 else {
            throw Failure(.infrastructure, "\(path): cannot be marked as removed: \(String(cString: strerror(errno)))")
        }
    }

    private func check(_ paths: [String]) throws(Failure) {
        for path in paths where !isPlainPath(path) || path.hasPrefix("/") || path.contains("..") {
            throw Failure(.input, "'\(path)': expected a plain path below the workspace's root")
        }
    }
}
