public import Archive
public import Core
import Glibc

/// The host's cache of layers, and directories that are put together from them.
///
/// The cache lies beside the workspaces: `layers/DIGEST.tar`, each a layer's files relative to the directory that it is
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
        try await script(Self.assembly(names, from: cache, at: directory), into: "/dev/null")
    }

    private func missing(_ names: [String]) async throws(Failure) -> String {
        try await answer(
            to: """
                mkdir -p \(cache) && cd \(cache) || exit 1
                find . -type f -mtime +7 -exec rm -f {} + 2>/dev/null
                for part in *.part.*; do
                    [ -d "../ciso.${part##*.}" ] || rm -f "$part"
                done
                for layer in \(names.joined(separator: " ")); do
                    if [ -f $layer.tar ]; then touch -c $layer.tar $layer.gone; else echo $layer; fi
                done

                """)
    }

    /// Adds a layer to the cache. What is interrupted leaves a file that counts for nothing.
    private func send(_ tree: String, as name: String) async throws(Failure) {
        var status = stat()
        let isThere = stat(tree, &status) == 0
        let packed = "\(scratch.path)/\(name).tar.zst"
        defer { unlink(packed) }
        do {
            let empty = "\(scratch.path)/empty"
            if !isThere { try makeDirectories(empty) }
            _ = try Packing(whiteouts: true, level: 1).pack(isThere ? tree : empty, to: packed)
        } catch let error as ArchiveError {
            throw error.failure
        } catch {
            throw error as? Failure ?? Failure(.infrastructure, "\(error)")
        }
        let part = "\(cache)/\(name).part.\(mark)"
        try await feed(packed, to: "exec dd bs=65536 of=\(part)", "sending a layer")
        try await script(
            """
            cd \(cache) || exit 1
            tar -tf \(part) | grep -F .wh. > \(name).gone
            [ -s \(name).gone ] || rm -f \(name).gone
            mv \(part) \(name).tar

            """, into: "/dev/null")
    }

    /// What a layer removes goes before it is unpacked, its marks afterwards.
    private static func assembly(_ names: [String], from cache: String, at directory: String) -> String {
        """
        mkdir -p \(directory) && cd \(directory) || exit 1
        for layer in \(names.joined(separator: " ")); do
            gone=\(cache)/$layer.gone
            [ ! -f $gone ] || while read -r path; do
                base=${path##*/} folder=./
                case $path in */*) folder=./${path%/*} ;; esac
                case $base in
                .wh..wh..opq) rm -rf "$folder"; mkdir -p "$folder" ;;
                .wh.*) rm -rf "$folder/${base#.wh.}" ;;
                esac
            done < $gone
            tar -xpf \(cache)/$layer.tar || exit 1
            [ ! -f $gone ] || while read -r path; do
                case ${path##*/} in .wh.*) rm -f "./$path" ;; esac
            done < $gone
        done

        """
    }

    // MARK: Changes

    /// Notes what lies below `directory`, absolute on the host, before a build changes it. Every file there must be from
    /// 1970, as layers leave them: what is younger counts as changed.
    ///
    /// - Parameter excluded: absolute paths that are left out with all that is below.
    public func noteContents(of directory: String, excluding excluded: [String] = []) async throws(Failure) {
        try await script(
            """
            cd \(directory) || exit 1
            \(Self.listing(excluded, below: directory)) | LC_ALL=C sort > \(workspace)/before
            touch -t 197001020000 \(workspace)/old
            : > \(workspace)/stamp

            """, into: "/dev/null")
    }

    /// Brings what was added, changed or removed below `directory` since then to this machine, as an overlay keeps changes.
    ///
    /// - Parameters:
    ///   - excluded: as before.
    ///   - tree: is made; what was at `directory`/x comes to lie at `tree`/x.
    ///   - limits: on what is brought.
    /// - Throws: `Failure`, of the kind `input` where the build left too much, or names that no list can hold.
    public func collectChanges(
        below directory: String, excluding excluded: [String] = [], to tree: String, limits: TreeLimits = TreeLimits()
    ) async throws(Failure) {
        let archive = "\(scratch.path)/changes.tar"
        defer { unlink(archive) }
        try await script(
            Self.collection(directory, excluded, workspace: workspace), into: archive,
            limit: limits.bytes + limits.entries * 1024)
        do {
            try Extraction(links: .anywhere, limits: limits).extract(archive, to: tree)
        } catch {
            throw error.failure
        }
        let list = "\(tree)/\(Self.removedList)"
        let removed = contents(of: list) ?? ""
        unlink(list)
        for path in topmost(removed.split(separator: "\n").map { String($0.dropFirst(2)) }) {
            try markRemoved(path, in: tree)
        }
    }

    private static let removedList = ".ciso-removed"

    /// Prints everything but sockets, FIFOs and devices, relative to the directory.
    private static func listing(_ excluded: [String], below directory: String, _ test: String = "") -> String {
        let pruned = excluded.map { "-path \(shellQuoted("." + $0.dropFirst(directory.count))) -prune -o " }.joined()
        return "find . \(pruned)\\( -type d -o -type f -o -type l \\) \(test) -print"
    }

    /// A directory's time says nothing, but its mode may have changed, so directories that lead to changes come along. The
    /// list is complete, so nothing must be descended into: GNU's and libarchive's tar can be told so, elsewhere there is
    /// POSIX's pax.
    private static func collection(_ directory: String, _ excluded: [String], workspace: String) -> String {
        let younger = #"\( -newer $work/old -o -cnewer $work/stamp \)"#
        return """
            work=\(workspace)
            cd \(directory) || exit 1
            \(listing(excluded, below: directory)) | LC_ALL=C sort > $work/after
            if grep -v '^\\.' $work/after | grep -q .; then
                echo 'ciso: the name of an installed file has a line break' >&2
                exit 1
            fi
            LC_ALL=C comm -23 $work/before $work/after > $work/removed
            { LC_ALL=C comm -13 $work/before $work/after
              if find . -prune -cnewer $work/stamp > /dev/null 2>&1; then
                  \(listing(excluded, below: directory, "! -type d " + younger))
              else
                  \(listing(excluded, below: directory, "! -type d -newer $work/old"))
              fi
            } | awk '{ print; while (match($0, "/[^/]*$") && RSTART > 2) { $0 = substr($0, 1, RSTART - 1); print } }' |
                LC_ALL=C sort -u | grep -v '^\\.$' > $work/changed
            if [ -s $work/removed ]; then
                cp $work/removed \(removedList)
                echo ./\(removedList) >> $work/changed
            fi
            case $(tar --version 2>/dev/null) in
            *GNU*) tar -cf - --no-recursion --no-unquote --verbatim-files-from -T $work/changed ;;
            *bsdtar*) tar -cf - -n -T $work/changed ;;
            *) pax -w -d -x ustar < $work/changed ;;
            esac

            """
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

    /// Marks what was removed, unless something else took the place of what led there.
    private func markRemoved(_ path: String, in tree: String) throws(Failure) {
        guard !path.isEmpty, !path.split(separator: "/").contains("..") else { return }
        var reached = tree
        for component in path.split(separator: "/").dropLast() {
            reached += "/\(component)"
            var status = stat()
            if lstat(reached, &status) != 0 {
                mkdir(reached, 0o755)
            } else if status.st_mode & S_IFMT != S_IFDIR {
                return
            }
        }
        guard mknod("\(tree)/\(path)", S_IFCHR, 0) == 0 || errno == EEXIST else {
            throw Failure(.infrastructure, "\(path): cannot be marked as removed: \(String(cString: strerror(errno)))")
        }
    }
}
