internal import Archive
internal import Core
internal import Layers
internal import PluginMessages
internal import Sandbox
internal import Supervision

/// Where one job's commands run and where what they leave is found: a sandbox of this machine, or another host.
protocol BuildBackend: Sendable {
    /// The directory in which commands find what was staged, absolute.
    var inputs: String { get }

    /// Lets commands find `bytes` as the file `name` among the inputs.
    func stage(_ bytes: [UInt8], as name: String) async throws

    /// Runs a step to its end.
    ///
    /// - Parameters:
    ///   - protection: what the step must not change; it holds where there is a sandbox.
    ///   - output: is given what it prints, in pieces, on another thread.
    func run(
        _ step: Step, limits: Limits, protection: BuildProtection?, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> CommandResult

    /// Runs a step in a new place that was laid out in the same way, in which nothing was changed.
    ///
    /// - Returns: nil where there can be no second place.
    func runAfresh(_ step: Step, limits: Limits) async throws -> CommandResult?

    /// A regular file that commands may have written, at an absolute path; nil where there is none. No link is followed.
    func read(_ path: FilePath) async throws -> [UInt8]?

    /// Adds files and directories, by absolute path, as the build user would by `mkdir -p` and `cp`, without running a command.
    ///
    /// - Returns: false where that needs a command; then nothing was changed.
    func place(_ entries: [FilePath: PlacedEntry]) async throws -> Bool

    /// What commands changed below the switch's prefix. To be asked once, when the package is installed.
    func installedChanges() async throws -> InstalledChanges

    /// Files that commands wrote to the build user's home outside of the opam root, by path: they will be lost.
    ///
    /// - Parameter limit: of paths.
    func filesInHome(limit: Int) async throws -> [String]

    /// Adds files to the switch, by absolute path, after the changes were asked for.
    ///
    /// - Parameter perform: runs a step as every other.
    func record(_ files: [FilePath: [UInt8]], perform: (Step) async throws -> Void) async throws

    /// Keeps what is below the switch's prefix as a layer, without what opam itself throws away.
    func capture(into layers: LayerStore) async throws -> Digest
}

/// What is added to the place where a job is built.
enum PlacedEntry {
    case directory
    case file([UInt8])
    /// A copy of one of the inputs, by its name among them.
    case input(String)
}

extension BuildBackend {
    /// The same for a path that is text.
    func read(_ path: String) async throws -> [UInt8]? { try await read(FilePath(path)) }
}
