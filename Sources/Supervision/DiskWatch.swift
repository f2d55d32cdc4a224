import Glibc
import System

/// Measures at intervals the disk usage of some directories and the free space on their file systems.
///
/// Measuring a large tree takes time, so it uses at most a tenth of the time, and happens earlier only if the free
/// space has shrunk so much that the limit may be exceeded.
///
/// - SeeAlso: `docs/decisions/0055-disk-limit.md`
package struct DiskWatch {
    let paths: [String]
    /// The limit for all paths together, in bytes.
    let limit: Int?
    /// The number of bytes to keep free.
    let reserve: Int
    private var next: ContinuousClock.Instant = .now
    private var measured = 0
    private var freeWhenMeasured = Int.max

    enum Finding {
        case limitExceeded, hostFull
    }

    package init(paths: [String], limit: Int?, reserve: Int) {
        self.paths = paths
        self.limit = limit
        self.reserve = reserve
    }

    /// The problem, if there is one. Cheap when called often.
    ///
    /// - Parameter mayContinue: called while a large tree is measured; returning false ends the measurement without a
    ///   finding.
    mutating func check(while mayContinue: () -> Bool = { true }) -> Finding? {
        guard let path = paths.first else { return nil }
        let free = freeBytes(at: path)
        if free < reserve || freeFiles(at: path) < 1000 { return .hostFull }
        guard let limit else { return nil }
        let shrunk = freeWhenMeasured == .max ? 0 : freeWhenMeasured - free
        let isInDanger = measured + max(0, shrunk) > limit
        guard ContinuousClock.now >= next || isInDanger else { return nil }
        let begin = ContinuousClock.now
        guard let used = used(while: mayContinue) else { return nil }
        measured = used
        freeWhenMeasured = free
        let took = ContinuousClock.now - begin
        next = .now + max(.seconds(1), took * 10)
        return measured > limit ? .limitExceeded : nil
    }

    /// The bytes used by all paths; an entry counts as at least one block, so that empty files are counted.
    func used() -> Int { used(while: { true }) ?? 0 }

    private func used(while mayContinue: () -> Bool) -> Int? {
        withoutActuallyEscaping(mayContinue) { mayContinue in
            var count = TreeCount(mayContinue: mayContinue)
            for path in paths { count.add(openDirectory(path, in: AT_FDCWD), level: 0) }
            return count.isInterrupted ? nil : count.bytes
        }
    }
}

/// The bytes that an ordinary user may still write on the file system of `path`; 0 if unknown.
func freeBytes(at path: String) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return 0 }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
}

/// The number of files that may still be created on the file system of `path`; a large number if there is no limit.
func freeFiles(at path: String) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0, status.f_files > 0 else { return .max }
    return Int(clamping: status.f_favail)
}

private let block = 4096

/// The disk usage in bytes of everything below `path`, without following links.
package func treeSize(_ path: String) -> Int {
    var count = TreeCount { true }
    count.add(openDirectory(path, in: AT_FDCWD), level: 0)
    return count.bytes
}

/// Measures disk usage without following links. Files that vanish in the meantime are ignored.
private struct TreeCount {
    /// The number of entries between two calls of `mayContinue`: a few milliseconds of work.
    private static let stride = 1024
    let mayContinue: () -> Bool
    private(set) var bytes = 0
    private(set) var isInterrupted = false
    private var entries = 0

    init(mayContinue: @escaping () -> Bool) {
        self.mayContinue = mayContinue
    }

    /// Adds the contents of `directory`, which is closed afterwards. Levels below 200 are ignored, because the number
    /// of open files is limited.
    mutating func add(_ directory: Int32, level: Int) {
        guard var stream = DirectoryStream(adopting: directory) else { return }
        while !isInterrupted, let name = stream.next() {
            entries += 1
            if entries % Self.stride == 0, !mayContinue() { isInterrupted = true }
            var status = stat()
            guard fstatat(stream.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            bytes += max(block, Int(status.st_blocks) * 512)
            if status.st_mode & S_IFMT == S_IFDIR, level < 200 {
                add(openDirectory(name, in: stream.descriptor), level: level + 1)
            }
        }
    }
}
