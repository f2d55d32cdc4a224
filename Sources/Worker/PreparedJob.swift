internal import Core
internal import Model
internal import SSH
internal import Supervision
internal import System

/// A job up to the point where the package's own commands begin.
struct PreparedJob {
    let session: PackageBuild
    let strategy: any BuildStrategy
    /// What the runner laid out for it.
    let supplied: SuppliedInputs
    /// The host, where it is no sandbox.
    let remote: RemoteSession?
    /// Lives as long as this.
    let staging: ScratchDirectory
    /// Opam's state, which lives as long as this, too.
    let state: StateLayers.Layer
}

/// What a job that succeeded leaves.
struct BuiltPackage: Sendable {
    /// Nil for tests.
    var layer: Digest?
    /// Files of other packages that it changed, and that the matrix lets it change.
    var overwrites: [CellResult.Overwrite] = []
}
