internal import Glibc

/// Memory that the allocator keeps for later: loading the site takes more than serving it.
enum UnusedMemory {
    /// `malloc_trim` and `mallopt`, which Swift's Glibc module lacks.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }
    private static let option = dlsym(nil, "mallopt").map {
        unsafeBitCast($0, to: (@convention(c) (Int32, Int32) -> Int32).self)
    }

    /// `M_MMAP_THRESHOLD` and `M_ARENA_MAX` of `malloc.h`.
    private static let (largeBlocks, arenas): (Int32, Int32) = (-3, -8)

    /// Makes threads share two arenas, so that what one frees is there for the others, and returns blocks of 128 KiB and more to the
    /// system as soon as they are freed. To be called before there are threads.
    static func keepSmall() {
        _ = option?(arenas, 2)
        _ = option?(largeBlocks, 128 << 10)
    }

    /// Returns it to the system.
    static func giveBack() { _ = trim?(0) }
}
