package import Model
internal import OpamFormat

/// The sources from which a unikernel is built in addition to its own.
package struct UnikernelLock: Codable, Sendable {
    /// A source that is unpacked next to the unikernel: an archive, or a git repository.
    package struct LockedSource: Codable, Sendable {
        /// Its directory below `duniverse/`.
        package var directory: String
        /// The archive's name in the build directory.
        package var file: String
        /// The URL as in an opam file.
        package var url: String
        /// The checksums of an archive; empty for a git repository.
        package var checksums: [String]
        /// The packages that are built from it, sorted.
        package var packages: [PackageVersion]

        /// Whether it is a git repository, by opam's rules for URLs.
        var isGit: Bool {
            if case .git = SourceAddress(url) { true } else { false }
        }
    }

    /// The sources by directory.
    package var sources: [LockedSource]
    /// The packages of the switch that were selected along with them and are built as usual, sorted.
    var tools: [PackageVersion]
    /// The system packages that the packages of the sources need, sorted.
    var systemPackages: [String]
}

/// A lock, or the reason why there is none.
package enum LockAnswer: Codable, Sendable {
    case lock(UnikernelLock)
    /// `cause` is the constraint that the reason reduces to; nil if the solver named none.
    case obstacle(reason: String, cause: UnsolvableCause?)
}

/// The reason why a unikernel cannot be locked.
struct LockObstacle: Error {
    var reason: String
    /// The constraint that the reason reduces to; nil if the solver named none.
    var cause: UnsolvableCause?
}
