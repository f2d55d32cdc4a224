internal import Core
internal import Layers
internal import OpamSwitch
internal import Supervision
internal import Synchronization
internal import System

/// State layers shared by jobs with the same inputs, because most files of a small job would be those of its state.
final class StateLayers: Sendable {
    /// A state layer on disk, which is removed with the last job that uses it.
    final class Layer: Sendable {
        let path: String
        /// The state of the directory when it was written.
        let written: TreeState?
        private let scratch: ScratchDirectory

        fileprivate init(_ path: String, in scratch: ScratchDirectory) {
            self.path = path
            self.scratch = scratch
            written = TreeState(of: path, .metadata)
        }
    }

    private let scratch: String
    /// The recently used layers, newest first.
    private let recent = Mutex<[(key: Digest, layer: Layer)]>([])
    /// The number of unused layers that are kept.
    private static let limit = 8

    /// - Parameter scratch: The directory that they are written to.
    init(scratch: String) {
        self.scratch = scratch
    }

    /// The layer with opam's state of a switch. A layer that was modified after it was written is not reused.
    ///
    /// - Parameters:
    ///   - directories: Further directories of the build user, by absolute path.
    ///   - base, owner: See `StateLayer`.
    /// - Throws: `Failure` if writing fails.
    func layer(
        of state: SwitchState, directories: [String], over base: String, owner: Command.User
    ) throws(Failure) -> Layer {
        let files = state.files.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        let words = [base, "\(owner.uid):\(owner.gid)"] + state.directories + directories + files
        let key = Digest(of: words.map { "\($0.utf8.count):\($0)" }.joined())
        let known = recent.withLock { recent in recent.first { $0.key == key }?.layer }
        if let known, known.written != nil, TreeState(of: known.path, .metadata) == known.written { return known }
        let aside = try Files.scratchDirectory(in: scratch)
        let writer = StateLayer("\(aside.path)/state", over: base, owner: owner)
        try writer.write(state)
        for directory in directories { try writer.write(directory: directory) }
        let layer = Layer("\(aside.path)/state", in: aside)
        recent.withLock { recent in
            recent.removeAll { $0.key == key }
            recent.insert((key, layer), at: 0)
            if recent.count > Self.limit { recent.removeLast() }
        }
        return layer
    }

    /// Releases all cached layers.
    func removeAll() { recent.withLock { $0 = [] } }
}
