internal import Git
internal import Glibc
internal import System

extension Layout {
    var packs: String { "\(gitObjects)/pack" }
    /// Names packs that a repacking made.
    private var deltaPackNames: String { "\(own)/tidied" }
    /// Packs that a loss of power has broken.
    var damaged: String { "\(own)/damaged" }

    /// What is in the `.keep` file of a pack whose commit is on its way.
    var packKeep: PackWriter.Keep { PackWriter.Keep(file: "\(own)/keep", text: "ciso: a commit is on its way\n") }

    /// Makes the file that all `.keep` files are names of.
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

    /// Whether the index of every pack leads into its pack: libgit2 does not survive one that does not.
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

    /// Takes away the packs that were not on disk when the machine stopped: what they held is in the journal.
    ///
    /// Packs that are older than the last checkpoint are on disk for sure, and are not looked at, except for small ones:
    /// a rewritten file may have kept its old time.
    func setAsideBrokenPacks() throws(StoreError) {
        let horizon = (FileStatus(heads)?.modified ?? 0) - 60
        let bases = Set(names(in: packs).filter { $0.hasSuffix(".idx") }.map { "\(packs)/\($0.dropLast(4))" })
        for base in bases.sorted() {
            let pack = FileStatus("\(base).pack")
            let newest = max(pack?.modified ?? .max, FileStatus("\(base).idx")?.modified ?? .max)
            let isSmall = pack.map { $0.size <= RecycledFiles.largest } ?? true
            guard newest >= horizon || isSmall, !PackIndex.isWhole(base: base) else { continue }
            try Files.makeDirectories(damaged)
            // The index first: without it no process uses the pack.
            for end in ["idx", "pack", "keep", "rev"] {
                let name = base.dropFirst(packs.count + 1)
                try? Files.rename("\(base).\(end)", "\(damaged)/\(name).\(end)")
            }
        }
    }

    /// Whether `git gc` is at work, which fails where a pack goes that it has listed. Known by the file that it leaves
    /// there meanwhile, in the way git knows it: what is older than 12 hours, or of a dead process, is left over.
    var isCollectedByGit: Bool {
        let path = "\(root)/gc.pid"
        guard let status = FileStatus(path), status.modified > Int(systemTime()) - 12 * 3600,
            let bytes = try? Files.contents(of: path, limit: 300)
        else { return false }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let process = pid_t(words[0]) else { return false }
        return words[1] != hostName || kill(process, 0) == 0 || errno == EPERM
    }

    /// Removes packs all of whose objects are elsewhere; their files may be recycled. Leaves them to another time
    /// while `git gc` is at work.
    func removePacks(_ bases: ArraySlice<String>, _ spares: RecycledFiles) {
        guard !bases.isEmpty, !isCollectedByGit else { return }
        // An index that stock git made of several packs may name these; git rebuilds it.
        unlink("\(packs)/multi-pack-index")
        for base in bases {
            for end in ["rev", "bitmap", "mtimes"] { unlink("\(base).\(end)") }
        }
        // The index first: without it no process uses the pack.
        spares.move(
            bases.flatMap { [(path: "\($0).idx", kind: .index), (path: "\($0).pack", kind: .pack)] }, from: packs)
    }

    /// The packs in which the versions of a path are deltas already: repacking one alone would gain nothing.
    func deltaPacks() -> Set<String> {
        let names = String(decoding: (try? Files.contents(of: deltaPackNames)) ?? [], as: UTF8.self).split(
            separator: "\n")
        return Set(names.map { "\(packs)/\($0)" })
    }

    /// Notes that the pack `base` was made by a repacking. To be called before the packs that it replaces are removed.
    func noteTidied(_ base: String) throws(StoreError) {
        let there = deltaPacks().filter { FileStatus("\($0).idx") != nil }.union([base])
        let names = there.map { $0.dropFirst(packs.count + 1) }.sorted()
        try Files.replace(deltaPackNames, with: Array((names.joined(separator: "\n") + "\n").utf8), durability: .none)
    }

    /// Removes what writers that died left unfinished more than an hour ago, or kept more than a day ago.
    func removeLeftOvers() {
        for name in names(in: spares) {
            guard let status = FileStatus("\(spares)/\(name)"), status.modified < Int(systemTime()) - 86_400 else {
                continue
            }
            unlink("\(spares)/\(name)")
        }
        let horizon = Int(systemTime()) - 3600
        // A pack without an index may have lost it: a verification finds that.
        for name in names(in: packs) {
            guard name.hasPrefix("tmp_"), let status = FileStatus("\(packs)/\(name)"), status.modified < horizon else {
                continue
            }
            unlink("\(packs)/\(name)")
        }
    }
}
