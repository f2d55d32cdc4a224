internal import Glibc

/// Returns freed memory to the system: loading the store needs more memory than serving it, and the allocator keeps it.
enum UnusedMemory {
    /// `malloc_trim`, which is not in Swift's import of the C library.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// Returns unused memory of the allocator to the system.
    static func giveBack() { _ = trim?(0) }
}
