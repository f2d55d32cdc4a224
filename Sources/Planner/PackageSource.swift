package import Documents
package import OpamRepository
package import OpamSolver

/// The packages of a repository at a commit, or of several laid over each other.
package protocol PackageSource: Sendable {
    /// In order of precedence.
    var repositories: [Plan.Repository] { get }
    /// All package versions, compiled for solving.
    var universe: Universe { get }
    /// The opam file of a package version and what lies beside it.
    ///
    /// - Throws: `Failure` where the repository cannot be read.
    func files(of package: PackageVersion) throws -> PackageFiles
    /// What the versions of a name are read from: it changes whenever they do. Nil for a name without versions.
    func origin(of name: String) -> String?
    /// What is wrong with the files of packages.
    var problems: [PackageProblem] { get }
}
