internal import Glibc
internal import System

/// By what the file system tells whether branches have moved, without reading them.
public struct BranchStamp: Equatable, Sendable {
    private struct Times: Equatable {
        var inode: UInt64
        var seconds: Int
        var nanoseconds: Int
    }

    private let times: [String: Times]
    /// Two changes may have the same time where they are as close as this, in nanoseconds.
    private static let resolution = 50_000_000

    /// Looks at the folder of branches with a common beginning, and at those in it; nil where something has changed so recently
    /// that another change might go unnoticed.
    ///
    /// - Parameter excluded: a folder in it that does not matter.
    fileprivate init?(_ folder: String, except excluded: String, packed: String) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var times: [String: Times] = [:]
        let folders = names(in: folder).filter { $0 != excluded }.map { "\(folder)/\($0)" }
        for path in folders + [folder, packed] {
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
    /// What tells whether branches called `FOLDER/NAME/…` have moved; nil where that cannot be told now.
    ///
    /// - Parameter excluded: a name whose branches do not matter.
    public func stamp(ofBranchesIn folder: String, except excluded: String) -> BranchStamp? {
        if isClone { return nil }
        return BranchStamp(
            "\(layout.root)/refs/heads/\(folder)", except: excluded, packed: "\(layout.root)/packed-refs")
    }
}
