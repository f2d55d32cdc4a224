internal import Core
internal import Model
internal import SSH
internal import Supervision
internal import System

/// A prepared job, before the package's own commands are run.
struct PreparedJob {
    let session: PackageBuild
    let strategy: any BuildStrategy
    /// The files supplied by the runner.
    let supplied: SuppliedInputs
    /// The session on the host, unless the job runs in a sandbox.
    let remote: RemoteSession?
    /// The staging directory, which lives as long as the prepared job.
    let staging: ScratchDirectory
    /// The layer with opam's state, which lives as long as the prepared job.
    let state: StateLayers.Layer
}

/// The result of a successful job.
struct BuiltPackage: Sendable {
    /// The layer; nil for tests.
    var layer: Digest?
    /// Files of other packages that it changed with permission of the matrix.
    var overwrites: [CellResult.Overwrite] = []
    /// A generated file that other jobs are planned from.
    var generated: String?
    /// The image of a unikernel.
    var image: CellResult.Image?
}
