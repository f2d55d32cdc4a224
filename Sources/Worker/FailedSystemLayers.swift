internal import Core
internal import Synchronization

/// Installations of system packages that failed in this run, so that other jobs with the same packages do not repeat
/// them.
final class FailedSystemLayers: Sendable {
    /// The maximum number of attempts at an installation that failed because of a mirror or the machine.
    private static let attempts = 3
    /// The maximum number of characters kept from the end of the step's output.
    private static let outputLimit = 256 << 10
    private let failures = Mutex<[Digest: (count: Int, last: PackageBuild.StepFailure)]>([:])

    /// The failure of the layer `key`, if installing it again would fail in the same way.
    subscript(key: Digest) -> PackageBuild.StepFailure? {
        failures.withLock { failures in
            failures[key].flatMap { $0.count >= Self.attempts ? $0.last : nil }
        }
    }

    /// - Parameter isTransient: Whether another attempt could succeed.
    func note(_ failed: PackageBuild.StepFailure, of key: Digest, isTransient: Bool) {
        var failed = failed
        failed.section = nil
        failed.output = String(failed.output.suffix(Self.outputLimit))
        failures.withLock { failures in
            let count = isTransient ? (failures[key]?.count ?? 0) + 1 : Self.attempts
            failures[key] = (count, failed)
        }
    }
}
