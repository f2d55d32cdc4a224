internal import Git
internal import Glibc
internal import System

extension Layout {
    var packs: String { "\(gitObjects)/pack" }
    /// The file with the names of packs made by repacking.
    private var deltaPackNames: String { "\(own)/tidied" }
    /// The directory for packs that were damaged by a power failure.
    var damaged: String { "\(own)/damaged" }

    /// The `.keep` file of a pack whose commit is being made.
    var packKeep: PackWriter.Keep { PackWriter.Keep(file: "\(own)/keep", text: "ciso: a commit is on its way\n") }

    /// Creates the file that all `.keep` files are hard links to.
    func makeKeep() throws(StoreError) {
        guard FileStatus(packKeep.file) == nil else { return }
        try Files.replace(packKeep.file, with: Array(packKeep.text.utf8), durability: .none)
    }

    /// The paths of all packs without their extensions, except packs protected by `.keep`.
    func unprotectedPacks() -> [String] {
        let all = Set(names(in: packs))
        return all.filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) }
            .filter { all.contains("\($0).pack") && !all.contains("\($0).keep") }.sorted().map { "\(packs)/\($0)" }
    }

    /// Whether the offsets in every pack index are valid: libgit2 crashes on invalid ones.
    var hasSafeIndexes: Bool {
        names(in: packs).filter { $0.hasSuffix(".idx") }.allSatisfy {
            PackIndex.isSafe(base: "\(packs)/\($0.dropLast(4))")
        }
    }

    /// Removes the `.keep` files of dead writers. The writer's lock must be held.
    func releaseKeptPacks() throws(StoreError) {
        for name in names(in: packs) where name.hasSuffix(".keep") {
            let path = "\(packs)/\(name)"
            if try Files.contents(of: path) == Array(packKeep.text.utf8) { unlink(path) }
        }
    }

    /// Moves away the packs that were not on disk when the machine stopped: their contents are in the journal.
    ///
    /// Packs older than the last checkpoint are on disk and are not checked, except small ones: a recycled file may
    /// have kept its old time.
    func setAsideBrokenPacks() throws(StoreError) {
        let horizon = (FileStatus(heads)?.modified ?? 0) - 60
        let bases = Set(names(in: packs).filter { $0.hasSuffix(".idx") }.map { "\(packs)/\($0.dropLast(4))" })
        for base in bases.sorted() {
            let pack = FileStatus("\(base).pack")
            let newest = max(pack?.modified ?? .max, FileStatus("\(base).idx")?.modified ?? .max)
            let isSmall = pack.map { $0.size <= RecycledFiles.largest } ?? true
            guard newest >= horizon || isSmall, !PackIndex.isIntact(base: base) else { continue }
            try Files.makeDirectories(damaged)
            // The index first: without it no process uses the pack.
            for end in ["idx", "pack", "keep", "rev"] {
                let name = base.dropFirst(packs.count + 1)
                try? Files.rename("\(base).\(end)", "\(damaged)/\(name).\(end)")
            }
        }
    }

    /// Whether `git gc` is running, which fails if a pack that it has listed is removed. Detected as git does by its
    /// pid file, which is stale if it is older than 12 hours or its process is dead.
    var isCollectedByGit: Bool {
        let path = "\(root)/gc.pid"
        guard let status = FileStatus(path), status.modified > Int(systemTime()) - 12 * 3600,
            let bytes = try? Files.contents(of: path, limit: 300)
        else { return false }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let process = pid_t(words[0]) else { return false }
        return words[1] != hostName || kill(process, 0) == 0 || errno == EPERM
    }

    /// Removes packs all of whose objects are elsewhere; their files may be recycled. Does nothing while `git gc` is
    /// running.
    func removePacks(_ bases: ArraySlice<String>, _ spares: RecycledFiles) {
        guard !bases.isEmpty, !isCollectedByGit else { return }
        // A multi-pack index made by stock git may name these packs; git rebuilds it.
        unlink("\(packs)/multi-pack-index")
        for base in bases {
            for end in ["rev", "bitmap", "mtimes"] { unlink("\(base).\(end)") }
        }
        // The index first: without it no process uses the pack.
        spares.move(
            bases.flatMap { [(path: "\($0).idx", kind: .index), (path: "\($0).pack", kind: .pack)] }, from: packs)
    }

    /// The packs in which the versions of a path are already deltas: repacking one alone would gain nothing.
    func deltaPacks() -> Set<String> {
        let names = String(decoding: (try? Files.contents(of: deltaPackNames)) ?? [], as: UTF8.self).split(
            separator: "\n")
        return Set(names.map { "\(packs)/\($0)" })
    }

    /// Records that the pack `base` was made by repacking. Must be called before the packs that it replaces are
    /// removed.
    func noteTidied(_ base: String) throws(StoreError) {
        let there = deltaPacks().filter { FileStatus("\($0).idx") != nil }.union([base])
        let names = there.map { $0.dropFirst(packs.count + 1) }.sorted()
        try Files.replace(deltaPackNames, with: Array((names.joined(separator: "\n") + "\n").utf8), durability: .none)
    }

    /// Removes unfinished files of dead writers that are older than an hour, and kept ones older than a day.
    func removeLeftOvers() {
        for name in names(in: spares) {
            guard let status = FileStatus("\(spares)/\(name)"), status.modified < Int(systemTime()) - 86_400 else {
                continue
            }
            unlink("\(spares)/\(name)")
        }
        let horizon = Int(systemTime()) - 3600
        // A pack without an index may have lost it, which a verification reports.
        for name in names(in: packs) {
            guard name.hasPrefix("tmp_"), let status = FileStatus("\(packs)/\(name)"), status.modified < horizon else {
                continue
            }
            unlink("\(packs)/\(name)")
        }
    }
}
