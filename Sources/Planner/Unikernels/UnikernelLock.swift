internal import Core
internal import Model
internal import OpamFormat

/// What a unikernel is built from beside its own source.
struct UnikernelLock: Sendable {
    /// An archive that is unpacked beside the unikernel.
    struct LockedSource: Sendable {
        /// Its folder below `duniverse/`.
        var directory: String
        /// The archive's name in the build directory.
        var file: String
        var url: String
        var checksums: [Checksum]
        /// What is built from it, sorted.
        var packages: [PackageVersion]
    }

    /// By directory.
    var sources: [LockedSource]
    /// Packages of the switch that were selected with them, and are built as usual, sorted.
    var tools: [PackageVersion]
    /// What the packages of the sources need of the system, sorted.
    var systemPackages: [String]
}

/// Why a unikernel cannot be locked.
struct LockObstacle: Error {
    var reason: String
    /// The constraint that the reason comes down to; nil where no solver named one.
    var cause: UnsolvableCause?
}
