import Glibc
import System

/// Measures now and then how much is below some directories, and how much is free where they are.
///
/// Counting a big tree takes time, so it is done at most a tenth of the time, and earlier only where the free space has
/// shrunk enough for the limit to be in danger.
///
/// - SeeAlso: `docs/decisions/0055-disk-limit.md`
package struct DiskWatch {
    let paths: [String]
    /// Bytes below all paths.
    let limit: Int?
    /// Bytes that must stay free.
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

    /// What is wrong, if anything. Cheap when called often.
    ///
    /// - Parameter mayContinue: is asked while a big tree is counted, which ends without a finding where it returns false.
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

    /// Bytes below all paths; an entry counts as one block at least, so that empty files are not free.
    func used() -> Int { used(while: { true }) ?? 0 }

    private func used(while mayContinue: () -> Bool) -> Int? {
        withoutActuallyEscaping(mayContinue) { mayContinue in
            var count = TreeCount(mayContinue: mayContinue)
            for path in paths { count.add(openDirectory(path, in: AT_FDCWD), level: 0) }
            return count.isInterrupted ? nil : count.bytes
        }
    }
}

/// Bytes that an ordinary user may still write on the file system of `path`; 0 when it is unknown.
func freeBytes(at path: String) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return 0 }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
}

/// Files that may still be made on the file system of `path`; many where the file system has no such limit.
func freeFiles(at path: String) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0, status.f_files > 0 else { return .max }
    return Int(clamping: status.f_favail)
}

private let block = 4096

/// Bytes on disk of all that is below `path`, following no link.
package func treeSize(_ path: String) -> Int {
    var count = TreeCount { true }
    count.add(openDirectory(path, in: AT_FDCWD), level: 0)
    return count.bytes
}

/// Counts bytes on disk, following no link. What vanishes meanwhile counts nothing.
private struct TreeCount {
    /// Entries between two questions whether to go on: a few milliseconds' worth.
    private static let stride = 1024
    let mayContinue: () -> Bool
    private(set) var bytes = 0
    private(set) var isInterrupted = false
    private var entries = 0

    init(mayContinue: @escaping () -> Bool) {
        self.mayContinue = mayContinue
    }

    /// Adds what is in `directory`, which is taken over. Deeper than 200 levels nothing is counted: open files are bounded
    /// too.
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
