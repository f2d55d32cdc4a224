internal import Glibc

/// The memory of the process. Loading the site takes more than serving it, and the allocator keeps what was freed.
enum ResidentMemory {
    /// `malloc_trim` and `mallopt`, which Swift's Glibc module lacks.
    private static let trimming = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }
    private static let option = dlsym(nil, "mallopt").map {
        unsafeBitCast($0, to: (@convention(c) (Int32, Int32) -> Int32).self)
    }

    /// `M_MMAP_THRESHOLD` and `M_ARENA_MAX` of `malloc.h`.
    private static let (largeBlocks, arenas): (Int32, Int32) = (-3, -8)

    /// Makes threads share two arenas, so that memory freed by one is available to the others, and returns blocks of
    /// 128 KiB and more to the system as soon as they are freed. Must be called before threads are started.
    static func keepSmall() {
        _ = option?(arenas, 2)
        _ = option?(largeBlocks, 128 << 10)
    }

    /// Returns freed memory to the system.
    static func trim() { _ = trimming?(0) }

    /// The size of the memory in bytes, with mapped files; nil if it is unknown.
    static var bytes: Int? {
        guard let file = fopen("/proc/self/statm", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        return words.count > 1 ? Int(words[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }
}
