internal import Git
internal import Glibc
internal import System

extension Store {
    /// The result of repacking.
    public struct Repacked: Sendable, Hashable {
        /// The number of objects in the new pack.
        public var objects = 0
        /// The number of those that were loose.
        public var looseObjects = 0
        /// The number of packs that the new one replaces.
        public var packs = 0
    }

    /// Packs loose objects and the packs of single changes into one pack in which versions of a path are deltas, if
    /// there are more than `limit` objects; otherwise cheap. Call it when the system is idle.
    ///
    /// Removes no object. Other processes, including git, may read and write at the same time, and no writer waits for
    /// it. Packs are merged once the new objects are as many as theirs, so that the number of packs stays logarithmic.
    ///
    /// - Parameters:
    ///   - grace: The age in seconds below which loose objects are kept, because a running push may depend on them.
    ///   - willPack: Called before packing begins, which takes a while.
    /// - Returns: What was done; nil if there was too little to pack or another process is packing.
    @discardableResult
    public func repackIfNeeded(limit: Int = 2_000, grace: Int = 60, willPack: () -> Void = {}) throws -> Repacked? {
        // Like git, estimate the number of objects from a few of the 256 directories, over which they are spread
        // evenly.
        let sample = ["17", "5a", "9c", "e1"].map { names(in: "\(layout.gitObjects)/\($0)").count }.reduce(0, +)
        let news = unpackedDeltaPacks().reduce(0) { $0 + $1.count }
        guard sample * 64 + news > limit || limit == 0 else { return nil }
        guard let lock = try RepackLock(layout) else { return nil }
        return try withExtendedLifetime(lock) {
            layout.removeLeftOvers()
            let horizon = Int(systemTime()) - grace
            // While the writer's lock is held, no commit of ours is pending.
            let (loose, heads) = try exclusively { repository in
                (layout.looseObjects(), try repository.heads())
            }
            let old = loose.filter { file in grace == 0 || FileStatus(file.path).map { $0.modified <= horizon } ?? false
            }
            let packs = unpackedDeltaPacks()
            let count = packs.reduce(old.count) { $0 + $1.count }
            guard count > limit / 2 else { return nil }
            willPack()
            return try handles.with { repository in
                try consolidate(
                    old, packs.compactMap { PackIndex(base: $0.base) } + repackedPacks(beside: count), heads: heads,
                    repository)
            }
        }
    }

    /// Makes one pack of all reachable objects and the contents of other packs. Removes unreachable objects that are
    /// older than `grace` seconds. Waits for background repacking.
    ///
    /// - Throws: `StoreError` of kind `locked` if that takes longer than the store's lock timeout.
    public func repack(grace: Int = 86_400) throws {
        try committer.checkpoint()
        guard let lock = try RepackLock(layout, timeout: options.lockTimeout) else {
            throw StoreError(
                .locked, "store: another process has been repacking '\(layout.root)' for \(options.lockTimeout)",
                hint: "a run repacks the store now and then; try again later")
        }
        try withExtendedLifetime(lock) {
            layout.removeLeftOvers()
            // While the writer's lock is held, no commit of ours is pending, so unreachable objects are not new.
            let (files, packs, heads) = try exclusively { repository in
                (layout.looseObjects(), layout.unprotectedPacks(), try repository.heads())
            }
            let horizon = Int(systemTime()) - grace
            var ages: [String: Int] = [:]
            for path in files.map(\.path) + packs.map({ "\($0).pack" }) { ages[path] = FileStatus(path)?.modified }
            func isOld(_ path: String) -> Bool { ages[path].map { $0 < horizon } ?? false }
            try handles.with { repository in
                // If a part of the history is lost, its references are unknown: everything is kept.
                let reachable = try? Reachability(from: heads, in: repository).objects
                func isReachable(_ id: ObjectID) -> Bool { reachable?.contains(id) ?? true }
                let dropped = files.filter { !isReachable($0.id) && isOld($0.path) }
                let loose = files.filter { isReachable($0.id) }
                let packs = packs.compactMap { PackIndex(base: $0) }
                var wanted = Set(loose.map(\.id))
                for pack in packs {
                    let isOld = isOld("\(pack.base).pack")
                    wanted.formUnion(pack.ids.lazy.filter { !isOld || isReachable($0) })
                }
                let isRepacked = packs.count == 1 && layout.deltaPacks().contains(packs[0].base)
                if !isRepacked || !loose.isEmpty || packs[0].count != wanted.count {
                    // Objects that have been used again in the meantime, and so have a newer time, are kept.
                    try consolidate(loose, packs, wanted: wanted, heads: heads, repository) {
                        FileStatus("\($0.base).pack")?.modified == ages["\($0.base).pack"]
                    }
                }
                try exclusively { _ in
                    for file in dropped where FileStatus(file.path)?.modified == ages[file.path] { unlink(file.path) }
                }
            }
        }
    }

    /// Packs not made by repacking with their numbers of objects, smallest first; a large one only if the others have
    /// as many.
    private func unpackedDeltaPacks() -> [(base: String, count: Int)] {
        let repacked = layout.deltaPacks()
        let packs = layout.unprotectedPacks().filter { !repacked.contains($0) }
            .compactMap { base in PackIndex.count(base: base).map { (base: base, count: $0) } }
            .sorted { $0.count < $1.count }
        var sum = 20_000
        return Array(
            packs.prefix { pack in
                guard pack.count <= min(sum, 400_000) else { return false }
                sum += pack.count
                return true
            })
    }

    /// The packs made by repacking that are not larger than the objects to be packed with them, smallest first.
    private func repackedPacks(beside count: Int) -> [PackIndex] {
        var sum = count
        let repacked = layout.deltaPacks()
        let packs = layout.unprotectedPacks().filter { repacked.contains($0) }.compactMap { PackIndex(base: $0) }
            .sorted { $0.count < $1.count }
        return Array(
            packs.prefix { pack in
                guard pack.count <= min(sum, 400_000) else { return false }
                sum += pack.count
                return true
            })
    }

    @discardableResult
    private func consolidate(
        _ loose: [LooseObjectFile], _ packs: [PackIndex], wanted: Set<ObjectID>? = nil, heads: [ObjectID],
        _ repository: GitRepository, mayRemove: (PackIndex) -> Bool = { _ in true }
    ) throws -> Repacked {
        let wanted = wanted ?? Set(loose.map(\.id)).union(packs.flatMap(\.ids))
        let new =
            wanted.isEmpty
            ? nil : try DeltaPacker.pack(wanted, heads: heads, of: repository, objects: layout.gitObjects)
        if let new { try layout.noteTidied(new) }
        try options.atPoint(.repacked)
        // The packed objects are on disk, so their other copies can be removed. If a writer creates one of them again
        // in the meantime, it is equal to the one in the pack.
        let dropped = packs.filter { $0.base != new && mayRemove($0) }.map(\.base)
        let (half, halfPacks) = (loose.count / 2, dropped.count / 2)
        for file in loose[..<half] { unlink(file.path) }
        layout.removePacks(dropped[..<halfPacks], spares)
        try options.atPoint(.someDropped)
        for file in loose[half...] { unlink(file.path) }
        layout.removePacks(dropped[halfPacks...], spares)
        return Repacked(objects: wanted.count, looseObjects: loose.count, packs: packs.count)
    }
}

/// A loose git object.
struct LooseObjectFile: Sendable {
    let id: ObjectID
    let path: String
}

extension Layout {
    /// All loose objects.
    func looseObjects() -> [LooseObjectFile] {
        names(in: gitObjects).filter { $0.utf8.count == 2 }.flatMap { directory in
            names(in: "\(gitObjects)/\(directory)").compactMap { name in
                ObjectID(hex: directory + name).map {
                    LooseObjectFile(id: $0, path: "\(gitObjects)/\(directory)/\(name)")
                }
            }
        }
    }
}

extension GitRepository {
    /// The objects that the references point to, branches first.
    fileprivate func heads() throws -> [ObjectID] {
        let names = try references()
        let branches = names.filter { $0.hasPrefix("refs/heads/") }
        return try (branches + names.filter { !$0.hasPrefix("refs/heads/") }).compactMap { try reference($0) }
    }
}
