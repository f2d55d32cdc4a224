internal import Glibc

/// Memory that the allocator keeps after something large was freed: reading the store takes more than serving it.
enum UnusedMemory {
    /// `malloc_trim`, which Swift's view of the C library lacks.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// Gives it back to the system.
    static func giveBack() { _ = trim?(0) }
}
