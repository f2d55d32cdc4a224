internal import Core
internal import Layers
internal import OpamSwitch
internal import Supervision
internal import Synchronization
internal import System

/// State layers, which jobs over the same inputs share: most of a small job's files would be those of its state.
final class StateLayers: Sendable {
    /// A state layer on disk, removed with the last job that holds it.
    final class Layer: Sendable {
        let path: String
        /// What it was like when it was written.
        let written: TreeState?
        private let scratch: ScratchDirectory

        fileprivate init(_ path: String, in scratch: ScratchDirectory) {
            self.path = path
            self.scratch = scratch
            written = TreeState(of: path, .metadata)
        }
    }

    private let scratch: String
    /// The newest first.
    private let recent = Mutex<[(key: Digest, layer: Layer)]>([])
    /// Layers that are kept though no job uses them.
    private static let limit = 8

    /// - Parameter scratch: where they are written.
    init(scratch: String) {
        self.scratch = scratch
    }

    /// The layer with what opam keeps about a switch. One that was changed since it was written is not used again.
    ///
    /// - Parameters:
    ///   - directories: further ones of the build user's, by absolute path.
    ///   - base, owner: as for `StateLayer`.
    /// - Throws: `Failure` where the disk refuses.
    func layer(
        of state: SwitchState, directories: [String], over base: String, owner: Command.User
    ) throws(Failure) -> Layer {
        let files = state.files.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        let words = [base, "\(owner.uid):\(owner.gid)"] + state.directories + directories + files
        let key = Digest(of: words.map { "\($0.utf8.count):\($0)" }.joined())
        let known = recent.withLock { recent in recent.first { $0.key == key }?.layer }
        if let known, known.written != nil, TreeState(of: known.path, .metadata) == known.written { return known }
        let folder = try Files.scratchDirectory(in: scratch)
        let writer = StateLayer("\(folder.path)/state", over: base, owner: owner)
        try writer.write(state)
        for directory in directories { try writer.write(directory: directory) }
        let layer = Layer("\(folder.path)/state", in: folder)
        recent.withLock { recent in
            recent.removeAll { $0.key == key }
            recent.insert((key, layer), at: 0)
            if recent.count > Self.limit { recent.removeLast() }
        }
        return layer
    }

    /// Keeps none any longer.
    func removeAll() { recent.withLock { $0 = [] } }
}
