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
            """
            cd \(root)/ && find \(paths.joined(separator: " ")) 2>/dev/null | LC_ALL=C sort > \(workspace)/before
            : > \(workspace)/stamp
            sleep 1

            """,
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
            cd \(root)/ || exit 1
            work=\(workspace)
            find \(places) 2>/dev/null | LC_ALL=C sort > $work/after
            LC_ALL=C comm -23 $work/before $work/after > $work/removed
            { LC_ALL=C comm -13 $work/before $work/after; find \(places) ! -type d -newer $work/stamp 2>/dev/null; } |
                LC_ALL=C sort -u > $work/changed
            case $(uname) in OpenBSD|MirBSD) list=-I ;; *) list=-T ;; esac
            [ ! -s $work/changed ] || tar -cf - $list $work/changed

            """, into: "\(scratch.path)/changes.tar")
        let tree = "\(scratch.path)/changes"
        removeTree(tree)
        if isEmpty("\(scratch.path)/changes.tar") {
            try makeDirectories(tree)
        } else {
            do {
                try Extraction(links: .anywhere, limits: store.limits).extract("\(scratch.path)/changes.tar", to: tree)
            } catch {
                throw error.failure
            }
        }
        try await script("cat \(workspace)/removed\n", into: "\(scratch.path)/removed")
        let removed = contents(of: "\(scratch.path)/removed") ?? ""
        for path in topmost(removed.split(separator: "\n").map(String.init)) {
            try markRemoved(path, in: tree)
        }
        return try store.capture(directory: tree, ownership: .fixed(LayerStore.builder))
    }

    private func isEmpty(_ file: String) -> Bool {
        var status = stat()
        return stat(file, &status) == 0 && status.st_size == 0
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
