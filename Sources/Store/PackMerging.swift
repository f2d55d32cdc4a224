internal import Git
internal import Glibc
internal import System

/// Merges the packs of single changes without recompression: fast, and done in the background of a writer that makes
/// many.
///
/// - SeeAlso: `docs/decisions/0035-batch-packs.md`
struct PackMerging {
    private static let enough = 8
    private static let largest = 128 << 20
    let layout: Layout
    let options: StoreOptions
    let spares: RecycledFiles

    /// Merges the small packs, unless there are few or another process is doing it.
    func run() throws {
        guard let lock = try RepackLock(layout) else { return }
        try withExtendedLifetime(lock) {
            let sources = smallPacks().compactMap { PackMerge.Source(base: $0) }
            guard sources.count > Self.enough else { return }
            let new = try PackMerge.merge(sources, objects: layout.gitObjects)
            try options.atPoint(.packsMerged)
            let dropped = sources.map(\.base).filter { $0 != new }
            let half = dropped.count / 2
            layout.removePacks(dropped[..<half], spares)
            try options.atPoint(.somePacksDropped)
            layout.removePacks(dropped[half...], spares)
        }
    }

    /// The smallest packs, chosen so that none is larger than all others together: each object is copied a logarithmic
    /// number of times.
    private func smallPacks() -> [String] {
        let merged = layout.deltaPacks()
        let packs = layout.unprotectedPacks().filter { !merged.contains($0) }.map {
            (base: $0, size: FileStatus("\($0).pack")?.size ?? .max)
        }
        .sorted { $0.size < $1.size }
        var sum = 0
        return packs.enumerated().prefix { number, pack in
            guard number < 2 || pack.size <= sum, pack.size < Self.largest, sum < 2 * Self.largest else { return false }
            sum += pack.size
            return true
        }.map(\.element.base)
    }
}

extension Store {
    /// Merges the packs of single changes, as happens in the background of a writer that makes many.
    package func mergePacks() throws { try PackMerging(layout: layout, options: options, spares: spares).run() }
}

/// Held by the process that moves objects between files.
final class RepackLock {
    private let file: File

    /// Acquires the lock; nil if another process holds it or `git gc` is running after `timeout`.
    init?(_ layout: Layout, timeout: Duration = .zero) throws(StoreError) {
        try layout.requireWritable()
        file = try File("\(layout.own)/tidy.lock", O_RDWR | O_CREAT)
        guard try file.lock(within: timeout, while: { layout.isCollectedByGit }) else { return nil }
    }
}
