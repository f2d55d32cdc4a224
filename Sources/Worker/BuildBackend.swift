internal import Archive
internal import Core
internal import Layers
internal import PluginMessages
internal import Sandbox
internal import Supervision

/// The environment in which a job's commands run and leave their files: a sandbox on this machine, or another host.
protocol BuildBackend: Sendable {
    /// The absolute path of the directory with staged files, as seen by commands.
    var inputs: String { get }

    /// Stages `bytes` as the file `name` among the inputs.
    func stage(_ bytes: [UInt8], as name: String) async throws

    /// Runs a step to its end.
    ///
    /// - Parameters:
    ///   - protection: The paths that the step must not change; enforced only in a sandbox.
    ///   - output: Receives the output in pieces, on another thread.
    func run(
        _ step: Step, limits: Limits, protection: BuildProtection?, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> CommandResult

    /// Runs a step in a second, unmodified environment of the same layout.
    ///
    /// - Returns: Nil if no second environment can be made.
    func runAfresh(_ step: Step, limits: Limits) async throws -> CommandResult?

    /// Reads a regular file, which commands may have written, at an absolute path; nil if there is none. Does not
    /// follow links.
    func read(_ path: FilePath) async throws -> [UInt8]?

    /// Like `read`, for a file below the switch's prefix that may be large. Requires that `installedChanges` was
    /// called.
    func readInstalled(_ path: FilePath, limit: Int) throws -> [UInt8]?

    /// Adds files and directories, by absolute path, with the effect of `mkdir -p` and `cp` by the build user, but
    /// without running a command.
    ///
    /// - Returns: False if a command is required; then nothing was changed.
    func place(_ entries: [FilePath: PlacedEntry]) async throws -> Bool

    /// The changes that commands made below the switch's prefix. Call it once, after the package was installed.
    func installedChanges() async throws -> InstalledChanges

    /// The paths of files that commands wrote to the build user's home outside of the opam root, which are not kept.
    ///
    /// - Parameter limit: The maximum number of paths.
    func filesInHome(limit: Int) async throws -> [String]

    /// Adds files to the switch, by absolute path, after `installedChanges` was called.
    ///
    /// - Parameter perform: Runs a step.
    func record(_ files: [FilePath: [UInt8]], perform: (Step) async throws -> Void) async throws

    /// Captures the files below the switch's prefix as a layer, without those that opam itself removes.
    func capture(into layers: LayerStore) async throws -> Digest
}

/// An entry to be added to the environment of a job.
enum PlacedEntry {
    case directory
    case file([UInt8])
    /// A copy of the input with this name.
    case input(String)
}

extension BuildBackend {
    /// Like `read(_:)` with a path as text.
    func read(_ path: String) async throws -> [UInt8]? { try await read(FilePath(path)) }
}
