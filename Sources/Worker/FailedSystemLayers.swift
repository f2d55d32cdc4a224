internal import Core
internal import Synchronization

/// Installations of system packages that failed in this run, so that not every job that wants the same ones repeats them.
final class FailedSystemLayers: Sendable {
    /// How often an installation is tried where a mirror or the machine is to blame.
    private static let attempts = 3
    /// Letters of what the step printed, from its end.
    private static let outputLimit = 256 << 10
    private let failures = Mutex<[Digest: (count: Int, last: PackageBuild.StepFailure)]>([:])

    /// The failure of the layer `key`, where installing it again would end the same way.
    subscript(key: Digest) -> PackageBuild.StepFailure? {
        failures.withLock { failures in
            failures[key].flatMap { $0.count >= Self.attempts ? $0.last : nil }
        }
    }

    /// - Parameter isTransient: whether another attempt could succeed.
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
