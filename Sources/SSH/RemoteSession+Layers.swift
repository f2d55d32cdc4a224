public import Archive
public import Core
import Glibc
import Supervision
import System

/// The host's cache of layers, and directories that are put together from them.
///
/// The cache is beside the workspaces: `layers/DIGEST.tar`, each a layer's files relative to the directory that it is
/// for, and `layers/DIGEST.gone`, the names in it that mark removed things. A layer that was not used for a week goes, and
/// all of them do when the host's disk is nearly full.
extension RemoteSession {
    private var cache: String { "\(host.directory)/layers" }

    /// Puts `directory`, absolute on the host, together from `layers`, the lowest first. Each is sent once to a host.
    ///
    /// - Parameter layers: with the directory that holds each on this machine, as `LayerStore.unpacked` gives it.
    /// - Throws: `Failure`.
    public func assemble(_ layers: [(digest: Digest, unpacked: String)], at directory: String) async throws {
        guard !layers.isEmpty else { return }
        let names = layers.map(\.digest.hex)
        let missing = Set(try await missing(names).split(separator: "\n").map(String.init))
        for layer in layers where missing.contains(layer.digest.hex) {
            try Task.checkCancellation()
            try await send(layer.unpacked + directory, as: layer.digest.hex)
        }
        try await run(
            RemoteScript(PackageResources.assemble_sh, ["cache": cache, "folder": directory], arguments: names))
    }

    private func missing(_ names: [String]) async throws(Failure) -> String {
        try await answer(to: RemoteScript(PackageResources.missing_layers_sh, ["cache": cache], arguments: names))
    }

    /// Adds a layer to the cache. What is interrupted leaves a file that counts for nothing.
    private func send(_ tree: String, as name: String) async throws(Failure) {
        var status = stat()
        let isThere = stat(tree, &status) == 0
        let packed = "\(scratch.path)/\(name).tar.zst"
        defer { unlink(packed) }
        do {
            let empty = "\(scratch.path)/empty"
            if !isThere { try Files.makeDirectories(empty, mode: 0o755) }
            _ = try Packing(whiteouts: true, level: 1).pack(isThere ? tree : empty, to: packed)
        } catch let error as ArchiveError {
            throw error.failure
        } catch {
            throw error as? Failure ?? Failure(.unavailable, "\(error)")
        }
        let part = "\(cache)/\(name).part.\(mark)"
        try await feed(packed, to: "exec dd bs=65536 of=\(part)", "sending a layer")
        try await run(
            RemoteScript(PackageResources.adopt_layer_sh, ["cache": cache, "part": part, "layer": name]))
    }

    // MARK: Changes

    /// Notes what is below `directory`, absolute on the host, before a build changes it. Every file there must be from
    /// 1970, as layers leave them: what is younger counts as changed.
    ///
    /// - Parameter excluded: absolute paths that are left out with all that is below.
    public func noteContents(of directory: String, excluding excluded: [String] = []) async throws(Failure) {
        try await run(
            RemoteScript(
                PackageResources.note_contents_sh, ["folder": directory, "work": workspace],
                arguments: relative(excluded, to: directory)))
    }

    /// As `find .` in `directory` prints them.
    private func relative(_ paths: [String], to directory: String) -> [String] {
        paths.map { "." + $0.dropFirst(directory.count) }
    }

    /// Brings what was added, changed or removed below `directory` since then to this machine, as an overlay keeps changes.
    ///
    /// - Parameters:
    ///   - excluded: as before.
    ///   - tree: is made; what was at `directory`/x is placed at `tree`/x.
    ///   - limits: on what is brought.
    /// - Throws: `Failure`, of the kind `input` where the build left too much, or names that no list can hold.
    public func collectChanges(
        below directory: String, excluding excluded: [String] = [], to tree: String, limits: TreeLimits = TreeLimits()
    ) async throws(Failure) {
        let archive = "\(scratch.path)/changes.tar"
        defer { unlink(archive) }
        try await run(
            RemoteScript(
                PackageResources.collect_changes_sh,
                ["folder": directory, "work": workspace, "removed": Self.removedList],
                arguments: relative(excluded, to: directory)),
            into: archive, limit: limits.bytes + limits.entries * 1024)
        do {
            try Extraction(links: .anywhere, limits: limits).extract(archive, to: tree)
        } catch {
            throw error.failure
        }
        let list = "\(tree)/\(Self.removedList)"
        let removed = bytes(of: list) ?? []
        unlink(list)
        for path in topmost(removed.split(separator: UInt8(ascii: "\n")).map { FilePath(bytes: $0.dropFirst(2)) }) {
            try markRemoved(path, in: tree)
        }
    }

    private static let removedList = ".ciso-removed"

    /// Those of `paths` that are below no other.
    private func topmost(_ paths: [FilePath]) -> [FilePath] {
        let all = Set(paths)
        return paths.filter { path in
            var parent = path.parent
            while let folder = parent {
                if all.contains(folder) { return false }
                parent = folder.parent
            }
            return true
        }
    }

    /// Marks what was removed, unless something else took the place of what led there.
    private func markRemoved(_ path: FilePath, in tree: String) throws(Failure) {
        guard !path.isEmpty, !path.components.contains("..") else { return }
        var reached = FilePath(tree)
        for component in path.components.dropLast() {
            reached = reached.appending(component)
            var status = stat()
            if reached.withCString({ lstat($0, &status) }) != 0 {
                _ = reached.withCString { makeDirectory($0, in: AT_FDCWD, mode: 0o755) }
            } else if status.st_mode & S_IFMT != S_IFDIR {
                return
            }
        }
        let place = FilePath(tree).appending(path)
        guard place.withCString({ mknod($0, S_IFCHR, 0) }) == 0 || errno == EEXIST else {
            throw Failure(.last("mark as removed", path.description))
        }
    }
}
