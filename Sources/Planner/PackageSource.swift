package import Core
package import Model
package import OpamFormat
package import OpamSolver

/// The packages of a repository at a commit, or of a stack of repositories.
package protocol PackageSource: Sendable {
    /// The repositories in order of precedence.
    var repositories: [Plan.Repository] { get }
    /// All package versions, compiled for solving.
    var universe: Universe { get }
    /// The opam file of a package version and its `files/`.
    ///
    /// - Throws: `Failure` if the repository cannot be read.
    func files(of package: PackageVersion) throws -> PackageFiles
    /// The repository that a package version comes from; nil for versions that come from no repository, such as pins.
    func repository(of package: PackageVersion) throws -> Plan.Repository?
    /// Identifies the files from which the versions of a name are read: it changes whenever they do. Nil for a name
    /// without versions.
    func fingerprint(of name: String) -> String?
    /// The problems in files of packages.
    var defects: [PackageDefect] { get }
    /// The unikernels among the packages.
    var unikernels: [PackageVersion: PlannedUnikernel] { get }
}

extension PackageSource {
    /// Repositories contain no unikernels.
    package var unikernels: [PackageVersion: PlannedUnikernel] { [:] }
}

/// A problem in a file of a package, or in a directory that should contain one.
package struct PackageDefect: Hashable, Sendable {
    /// The package's name.
    package var name: String
    /// The version; nil if the problem does not concern a single one.
    package var version: String?
    /// Whether the version or the directory is ignored; otherwise only a field of the file is ignored.
    package var isLeftOut: Bool
    /// The message, which begins with the location in the repository.
    package var message: String
    /// The warning for users.
    package var warning: Diagnostic

    package init(name: String, version: String?, isLeftOut: Bool, message: String, warning: Diagnostic) {
        self.name = name
        self.version = version
        self.isLeftOut = isLeftOut
        self.message = message
        self.warning = warning
    }
}

/// Resolves unpinned sources of packages: a branch to its commit, a directory to its checksum. Each is resolved once,
/// so that all jobs of a plan use the same.
package protocol SourceResolver: Sendable {
    /// Whether the source may change without its address changing.
    func isUnpinned(_ source: Source) -> Bool
    /// The files of a repository's package, with its source resolved.
    ///
    /// - Throws: `CancellationError`. A source that cannot be resolved is left unchanged, with a warning.
    func resolve(_ files: PackageFiles, _ opam: OpamFile, of package: PackageVersion) async throws -> PackageFiles
    /// The results by address: a commit or a checksum. Sources that could not be resolved are absent.
    var resolved: [String: String] { get }
    /// The warnings about sources that could not be resolved.
    var warnings: [Diagnostic] { get }
}
