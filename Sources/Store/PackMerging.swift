internal import Git
internal import Glibc
internal import System

/// Puts the packs of single changes together, as they are: quick, and done behind a writer that makes many.
///
/// - SeeAlso: `docs/decisions/0035-batch-packs.md`
struct PackMerging {
    private static let enough = 8
    private static let largest = 128 << 20
    let layout: Layout
    let options: StoreOptions
    let spares: RecycledFiles

    /// Puts together the small packs, unless they are few or another process is at it.
    func run() throws {
        guard let lock = try TidyLock(layout) else { return }
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

    /// The smallest packs, so many that none is larger than all that are put together with it: each object is copied
    /// a logarithmic number of times.
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
    /// Puts the packs of single changes together, as happens behind a writer that makes many.
    package func mergePacks() throws { try PackMerging(layout: layout, options: options, spares: spares).run() }
}

/// Held by the one process that moves objects from file to file.
final class TidyLock {
    private let file: File

    /// Acquires the lock; nil if another process holds it or `git gc` is running after `timeout`.
    init?(_ layout: Layout, timeout: Duration = .zero) throws(StoreError) {
        try layout.requireWritable()
        file = try File("\(layout.own)/tidy.lock", O_RDWR | O_CREAT)
        guard try file.lock(within: timeout, while: { layout.isCollectedByGit }) else { return nil }
    }
}
