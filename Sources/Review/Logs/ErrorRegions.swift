internal import Core
internal import Model
internal import Synchronization

/// The lines around the errors of logs, each of which is searched once: many cells may have one log.
package final class ErrorRegions: Sendable {
    private struct Key: Hashable {
        var log: Digest
        var recorded: CellResult.LoggedError?
    }

    private let regions = Mutex<[Key: ErrorRegion?]>([:])

    package init() {}

    /// The region of a log of a failure.
    ///
    /// - Parameters:
    ///   - recorded: The error in the recorded result.
    ///   - find: Finds the region; called if it is not known.
    func region(
        of log: Digest, _ recorded: CellResult.LoggedError?, _ find: () throws -> ErrorRegion?
    ) rethrows -> ErrorRegion? {
        let key = Key(log: log, recorded: recorded)
        if let known = regions.withLock({ $0[key] }) { return known }
        let region = try find()
        regions.withLock { $0[key] = .some(region) }
        return region
    }
}
