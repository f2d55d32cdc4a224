public import Archive
public import Core
import Glibc
internal import Logging
import Supervision
import System

/// The host's cache of layers, and directories that are assembled from them.
///
/// The cache is a sibling of the workspaces: `layers/DIGEST.tar` contains a layer's files relative to the target
/// directory, and `layers/DIGEST.gone` the names of its whiteouts. A layer that has not been used for a week is
/// removed, and all are removed when the host's disk is nearly full.
extension RemoteSession {
    private var cache: String { "\(host.directory)/layers" }

    /// Assembles `directory`, an absolute path on the host, from `layers`, lowest first. Each is sent once to a host.
    ///
    /// - Parameter layers: the digests, and the unpacked directories on this machine, as returned by
    ///   `LayerStore.unpacked`.
    /// - Throws: `Failure`.
    public func assemble(_ layers: [(digest: Digest, unpacked: String)], at directory: String) async throws {
        guard !layers.isEmpty else { return }
        try await cacheLayers(layers, at: directory)
        try await run(
            RemoteScript(
                PackageResources.assemble_sh, ["cache": cache, "directory": directory],
                arguments: layers.map(\.digest.hex)))
    }

    /// Sends those of `layers` that the host lacks, so that `assemble` need not send them.
    ///
    /// - Parameter directory: the one that will be assembled.
    /// - Throws: `Failure`.
    public func cacheLayers(_ layers: [(digest: Digest, unpacked: String)], at directory: String) async throws {
        let names = layers.map(\.digest.hex)
        let missing = Set(try await missing(names).textLines)
        for layer in layers where missing.contains(layer.digest.hex) {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            try await send(layer.unpacked + directory, as: layer.digest.hex)
            logger.debug(
                "sent a layer",
                metadata: [
                    "layer": "\(layer.digest)", "host": "\(host.name)", "duration": "\(ContinuousClock.now - start)",
                ])
        }
    }

    private func missing(_ names: [String]) async throws(Failure) -> String {
        try await answer(to: RemoteScript(PackageResources.missing_layers_sh, ["cache": cache], arguments: names))
    }

    /// Adds a layer to the cache. An interrupted transfer leaves a file that is ignored.
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

    /// Records the contents of `directory`, an absolute path on the host, before a build changes it. All its files must
    /// have times of 1970, as layers do: newer files count as changed.
    ///
    /// - Parameter excluded: absolute paths to skip with everything below them.
    public func noteContents(of directory: String, excluding excluded: [String] = []) async throws(Failure) {
        try await run(
            RemoteScript(
                PackageResources.note_contents_sh, ["directory": directory, "work": workspace],
                arguments: relative(excluded, to: directory)))
    }

    /// The paths as printed by `find .` in `directory`.
    private func relative(_ paths: [String], to directory: String) -> [String] {
        paths.map { "." + $0.dropFirst(directory.count) }
    }

    /// Copies what was added, changed or removed below `directory` since then to this machine, in the format of an
    /// overlay's upper directory.
    ///
    /// - Parameters:
    ///   - excluded: the same paths as before.
    ///   - tree: the directory to create; `directory`/x on the host becomes `tree`/x.
    ///   - limits: the limits of the copied tree.
    /// - Throws: `Failure`, of the category `input` if the build left too many files, or unsupported names.
    public func collectChanges(
        below directory: String, excluding excluded: [String] = [], to tree: String, limits: TreeLimits = TreeLimits()
    ) async throws(Failure) {
        let archive = "\(scratch.path)/changes.tar"
        defer { unlink(archive) }
        try await run(
            RemoteScript(
                PackageResources.collect_changes_sh,
                ["directory": directory, "work": workspace, "removed": Self.removedList],
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

    /// The paths that are not below others.
    private func topmost(_ paths: [FilePath]) -> [FilePath] {
        let all = Set(paths)
        return paths.filter { path in
            var parent = path.parent
            while let directory = parent {
                if all.contains(directory) { return false }
                parent = directory.parent
            }
            return true
        }
    }

    /// Marks what was removed, unless something else has replaced a parent directory.
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
        let whiteout = FilePath(tree).appending(path)
        guard whiteout.withCString({ mknod($0, S_IFCHR, 0) }) == 0 || errno == EEXIST else {
            throw Failure(.last("mark as removed", path.description))
        }
    }
}
