internal import Git
internal import Glibc

extension Layout {
    var packs: String { "\(gitObjects)/pack" }
    /// Packs that a loss of power has broken.
    var damaged: String { "\(own)/damaged" }

    /// What is in the `.keep` file of a pack whose commit is on its way.
    static let packKeep = "ciso: a commit is on its way\n"

    /// The paths of all packs without their endings, those aside that a `.keep` file protects.
    func unprotectedPacks() -> [String] {
        let all = Set(names(in: packs))
        return all.filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) }
            .filter { all.contains("\($0).pack") && !all.contains("\($0).keep") }.sorted().map { "\(packs)/\($0)" }
    }

    /// Removes the `.keep` files of dead writers. The writer's lock must be held.
    func releaseKeptPacks() throws(StoreError) {
        for name in names(in: packs) where name.hasSuffix(".keep") {
            let path = "\(packs)/\(name)"
            if try fileContents(path) == Array(Self.packKeep.utf8) { unlink(path) }
        }
    }

    /// Takes away the packs that were not on disk when the machine stopped: what they held is in the journal.
    ///
    /// Packs that are older than the last checkpoint are on disk for sure, and are not looked at.
    func setAsideBrokenPacks() throws(StoreError) {
        let horizon = (status(of: heads)?.modified ?? 0) - 60
        let bases = Set(names(in: packs).filter { $0.hasSuffix(".idx") }.map { "\(packs)/\($0.dropLast(4))" })
        for base in bases.sorted() {
            let newest = max(status(of: "\(base).pack")?.modified ?? .max, status(of: "\(base).idx")?.modified ?? .max)
            guard newest >= horizon, !PackIndex.isWhole(base: base) else { continue }
            try makeDirectory(damaged)
            // The index first: without it nobody looks at the pack.
            for end in ["idx", "pack", "keep", "rev"] {
                let name = base.dropFirst(packs.count + 1)
                _ = rename("\(base).\(end)", "\(damaged)/\(name).\(end)")
            }
        }
    }

    /// Removes a pack all of whose objects are elsewhere.
    func removePack(_ base: String) {
        // An index that stock git made of several packs may name this one; git makes it anew.
        unlink("\(packs)/multi-pack-index")
        for end in ["idx", "rev", "bitmap", "mtimes", "pack"] { unlink("\(base).\(end)") }
    }

    /// Removes what writers that died left unfinished more than an hour ago.
    func removeUnfinishedPacks() {
        let all = names(in: packs)
        let known = Set(all)
        let horizon = Int(systemTime()) - 3600
        for name in all {
            let isUnfinished =
                name.hasPrefix("tmp_")
                || name.hasPrefix("pack-") && name.hasSuffix(".pack") && !known.contains("\(name.dropLast(5)).idx")
            guard isUnfinished, let status = status(of: "\(packs)/\(name)"), status.modified < horizon else { continue }
            unlink("\(packs)/\(name)")
        }
    }
}
