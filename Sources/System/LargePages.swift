internal import Glibc

/// Requests large pages for memory that is about to be filled: otherwise most of the time for some megabytes is spent
/// on faults of small pages.
package func adviseLargePages(for memory: UnsafeMutableRawBufferPointer) {
    let page = 1 << 12
    let start = Int(bitPattern: memory.baseAddress)
    let (first, last) = ((start + page - 1) & ~(page - 1), (start + memory.count) & ~(page - 1))
    guard last - first >= 1 << 22 else { return }
    // A failure only makes it slower.
    _ = madvise(UnsafeMutableRawPointer(bitPattern: first), last - first, MADV_HUGEPAGE)
}
