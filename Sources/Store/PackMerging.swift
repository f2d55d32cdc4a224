internal import Git
internal import Glibc
internal import System

/// Merges the packs of single changes without recompression: fast, and done in the background of a writer that makes
/// many.
///
/// - SeeAlso: `docs/decisions/0035-batch-packs.md`
/// - SeeAlso: `docs/decisions/0320-merging-by-size.md`
struct PackMerging {
    /// The largest packs of each class, in bytes: packs are merged with those of their class only. A step takes a time
    /// that depends on the class alone, so that also processes that end soon finish the first steps.
    private static let classes = [64 << 10, 1 << 20, 16 << 20, 128 << 20]
    /// The size of the packs of a step, as a multiple of the largest of the class.
    private static let growth = 16
    private static let largestStep = 256 << 20
    /// A class with more packs is merged. A pack above the second class was merged before: fewer, larger steps copy its
    /// contents less often.
    private static func enough(_ largest: Int) -> Int { largest > small ? 16 : 8 }
    /// Packs up to this size are counted by `count`, and merged by `runBriefly`.
    private static let small = classes[1]
    let layout: Layout
    let options: StoreOptions
    let spares: RecycledFiles

    /// Merges packs until no class has many, unless another process is doing it.
    func run() throws { try run(upTo: .max) }

    /// Merges the smallest packs only, which takes milliseconds.
    func runBriefly() throws { try run(upTo: Self.small) }

    /// The number of small packs.
    func count() -> Int { packs().count { $0.size <= Self.small } }

    private func run(upTo size: Int) throws {
        guard let lock = try RepackLock(layout) else { return }
        try withExtendedLifetime(lock) {
            var skipped: Set<Int> = []
            // The packs that a writer has made meanwhile come first.
            while let step = nextStep(upTo: size, except: skipped) {
                if try !merge(step.bases, Self.enough(step.largest)) { skipped.insert(step.largest) }
            }
        }
    }

    /// - Returns: Whether there are fewer packs now.
    private func merge(_ bases: [String], _ enough: Int) throws -> Bool {
        let sources = bases.compactMap { PackMerge.Source(base: $0) }
        guard sources.count > enough else { return false }
        let new = try PackMerge.merge(sources, objects: layout.gitObjects)
        try options.atPoint(.packsMerged)
        let dropped = sources.map(\.base).filter { $0 != new }
        let half = dropped.count / 2
        layout.removePacks(dropped[..<half], spares)
        try options.atPoint(.somePacksDropped)
        layout.removePacks(dropped[half...], spares)
        return !dropped.contains { FileStatus("\($0).idx") != nil }
    }

    /// The smallest packs of the first class that has many. Each object is copied at most a few times for each class.
    private func nextStep(upTo size: Int, except skipped: Set<Int>) -> (largest: Int, bases: [String])? {
        var packs = packs().sorted { $0.size < $1.size }[...]
        for largest in Self.classes where largest <= size {
            let those = packs.prefix { $0.size <= largest }
            packs = packs[those.endIndex...]
            var sum = 0
            let step = those.prefix { pack in
                sum += pack.size
                return sum <= min(largest * Self.growth, Self.largestStep)
            }
            if step.count > Self.enough(largest), !skipped.contains(largest) { return (largest, step.map(\.base)) }
        }
        return nil
    }

    /// The packs that were not made by repacking.
    private func packs() -> [(base: String, size: Int)] {
        let repacked = layout.deltaPacks()
        return layout.unprotectedPacks().filter { !repacked.contains($0) }.compactMap { base in
            FileStatus("\(base).pack").map { (base, $0.size) }
        }
    }
}

extension Store {
    /// Merges the packs of single changes, as happens in the background of a writer that makes many.
    package func mergePacks() throws { try PackMerging(layout: layout, options: options, spares: spares).run() }
}

/// Held by the process that moves objects between files. Acquiring it removes what a former holder did not finish.
final class RepackLock {
    private let file: File

    /// Acquires the lock; nil if another process holds it or `git gc` is running after `timeout`.
    init?(_ layout: Layout, timeout: Duration = .zero) throws(StoreError) {
        try layout.requireWritable()
        file = try File("\(layout.own)/tidy.lock", O_RDWR | O_CREAT)
        guard try file.lock(within: timeout, while: { layout.isCollectedByGit }) else { return nil }
        for name in names(in: layout.packs) where name.hasPrefix(PackWriter.unfinishedRepack) {
            unlink("\(layout.packs)/\(name)")
        }
    }
}
