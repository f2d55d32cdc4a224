internal import Glibc
internal import System

/// File-system metadata that shows whether branches have changed, without reading them.
public struct BranchStamp: Equatable, Sendable {
    private struct Times: Equatable {
        var inode: UInt64
        var seconds: Int
        var nanoseconds: Int
    }

    private let times: [String: Times]
    /// The nanoseconds within which two changes may get the same time.
    private static let resolution = 50_000_000

    /// Reads the metadata of a directory of branches and of the branches in it; nil if one has changed so recently that
    /// another change might go unnoticed.
    ///
    /// - Parameter excluded: A subdirectory to ignore.
    fileprivate init?(_ directory: String, except excluded: String, packed: String) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var times: [String: Times] = [:]
        let directories = names(in: directory).filter { $0 != excluded }.map { "\(directory)/\($0)" }
        for path in directories + [directory, packed] {
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            let changed = status.st_mtim
            let age = (now.tv_sec - changed.tv_sec) * 1_000_000_000 + now.tv_nsec - changed.tv_nsec
            guard age > Self.resolution else { return nil }
            times[path] = Times(inode: UInt64(status.st_ino), seconds: changed.tv_sec, nanoseconds: changed.tv_nsec)
        }
        self.times = times
    }
}

extension Store {
    /// A stamp that shows whether branches `DIRECTORY/NAME/…` have changed; nil if that cannot be determined now.
    ///
    /// - Parameter excluded: A name whose branches are ignored.
    public func stamp(ofBranchesIn directory: String, except excluded: String) -> BranchStamp? {
        if isClone { return nil }
        return BranchStamp(
            "\(layout.root)/refs/heads/\(directory)", except: excluded, packed: "\(layout.root)/packed-refs")
    }
}
