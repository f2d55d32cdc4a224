internal import Core
internal import Executor
internal import PluginMessages
internal import Synchronization

/// Installations of system packages that failed in this run, so that not every job that wants the same ones repeats them.
final class FailedSystemLayers: Sendable {
    /// A step that failed, and the end of what it printed.
    struct Failed: Sendable {
        var step: Step
        var result: CommandResult
        var output: [UInt8]
    }

    /// How often an installation is tried where a mirror or the machine is to blame.
    private static let attempts = 3
    private static let outputLimit = 256 << 10
    private let failures = Mutex<[Digest: (count: Int, last: Failed)]>([:])

    /// The failure of the layer `key`, where installing it again would end the same way.
    subscript(key: Digest) -> Failed? {
        failures.withLock { failures in
            failures[key].flatMap { $0.count >= Self.attempts ? $0.last : nil }
        }
    }

    /// - Parameter isTransient: whether another attempt could succeed.
    func note(_ failed: Failed, of key: Digest, isTransient: Bool) {
        var failed = failed
        failed.output = Array(failed.output.suffix(Self.outputLimit))
        failures.withLock { failures in
            let count = isTransient ? (failures[key]?.count ?? 0) + 1 : Self.attempts
            failures[key] = (count, failed)
        }
    }
}
