package import Model

/// What a unikernel is built from beside its own source.
package struct UnikernelLock: Codable, Sendable {
    /// A source that is unpacked beside the unikernel: an archive, or a repository of git.
    package struct LockedSource: Codable, Sendable {
        /// Its folder below `duniverse/`.
        package var directory: String
        /// The archive's name in the build directory.
        package var file: String
        /// As an opam file has it.
        package var url: String
        /// Those of an archive; a repository of git has none.
        package var checksums: [String]
        /// What is built from it, sorted.
        package var packages: [PackageVersion]

        /// Whether it is a repository of git, by opam's rules for addresses.
        var isGit: Bool {
            let place = url.prefix { $0 != "#" }
            let scheme = place.prefix { $0 != ":" }
            return scheme == "git" || scheme.hasPrefix("git+") || place.hasSuffix(".git")
        }
    }

    /// By directory.
    package var sources: [LockedSource]
    /// Packages of the switch that were selected with them, and are built as usual, sorted.
    var tools: [PackageVersion]
    /// What the packages of the sources need of the system, sorted.
    var systemPackages: [String]
}

/// A lock, or why there is none.
package enum LockAnswer: Codable, Sendable {
    case lock(UnikernelLock)
    /// `cause` is the constraint that the reason comes down to; nil where no solver named one.
    case obstacle(reason: String, cause: UnsolvableCause?)
}

/// Why a unikernel cannot be locked.
struct LockObstacle: Error {
    var reason: String
    /// The constraint that the reason comes down to; nil where no solver named one.
    var cause: UnsolvableCause?
}
