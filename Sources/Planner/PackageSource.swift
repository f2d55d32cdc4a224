package import Core
package import Model
package import OpamFormat
package import OpamSolver

/// The packages of a repository at a commit, or of several laid over each other.
package protocol PackageSource: Sendable {
    /// In order of precedence.
    var repositories: [Plan.Repository] { get }
    /// All package versions, compiled for solving.
    var universe: Universe { get }
    /// The opam file of a package version and its `files/`.
    ///
    /// - Throws: `Failure` if the repository cannot be read.
    func files(of package: PackageVersion) throws -> PackageFiles
    /// What the versions of a name are read from: it changes whenever they do. Nil for a name without versions.
    func fingerprint(of name: String) -> String?
    /// What is wrong with the files of packages.
    var defects: [PackageDefect] { get }
    /// The unikernels among the packages.
    var unikernels: [PackageVersion: PlannedUnikernel] { get }
}

extension PackageSource {
    /// None: repositories have none.
    package var unikernels: [PackageVersion: PlannedUnikernel] { [:] }
}

/// What is wrong with a file of a package, or with a folder that would be one.
package struct PackageDefect: Hashable, Sendable {
    /// The package's name.
    package var name: String
    /// The version; nil if the problem does not concern a single one.
    package var version: String?
    /// Whether the version, or the folder, is left out; otherwise a field of the file does not count.
    package var isLeftOut: Bool
    /// With its place in the repository before it.
    package var message: String
    /// As users see it.
    package var warning: Diagnostic

    package init(name: String, version: String?, isLeftOut: Bool, message: String, warning: Diagnostic) {
        self.name = name
        self.version = version
        self.isLeftOut = isLeftOut
        self.message = message
        self.warning = warning
    }
}

/// Resolves unpinned sources of packages: a branch to its commit, a folder to its checksum. Each is resolved once, so that
/// all jobs of a plan agree.
package protocol SourceResolver: Sendable {
    /// Whether the source may be another one tomorrow.
    func isUnpinned(_ source: Source) -> Bool
    /// The files of a repository's package, with its source resolved.
    ///
    /// - Throws: `CancellationError`. A source that cannot be resolved stays as it is, with a warning.
    func resolve(_ files: PackageFiles, _ opam: OpamFile, of package: PackageVersion) async throws -> PackageFiles
    /// What sources were resolved to, by their addresses: a commit or a checksum; nothing for what could not be resolved.
    var resolved: [String: String] { get }
    /// What could not be resolved.
    var warnings: [Diagnostic] { get }
}
