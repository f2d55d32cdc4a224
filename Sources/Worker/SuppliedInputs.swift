internal import Core
internal import Fetching
internal import Foundation
internal import Layers
internal import Model
internal import OpamFormat

/// The files that the runner supplied to a job. Before a failed step is attributed to the package, they are compared
/// with their original state.
struct SuppliedInputs: Sendable {
    /// An unpacked layer, and its state when the job began.
    struct UnpackedLayer: Sendable {
        var digest: Digest
        var state: Digest?
    }

    private let store: LayerStore
    private let layers: [UnpackedLayer]
    /// Directories made for this job only, with their states.
    private var directories: [String: Digest?] = [:]
    /// Files staged for this job, with their checksums.
    private var files: [(path: String, checksums: [Checksum])] = []

    init(layers digests: [Digest], in store: LayerStore) {
        self.store = store
        layers = digests.map { UnpackedLayer(digest: $0, state: store.state(ofUnpacked: $0)) }
    }

    /// Adds a directory that must not change from now on.
    mutating func add(directory: String) {
        directories[directory] = TreeState(of: directory, .metadata)?.digest
    }

    /// Adds the staged files of the job.
    mutating func add(files: [(path: String, checksums: [Checksum])]) {
        self.files += files
    }

    /// A description of the damage to supplied files; nil if they are unchanged.
    ///
    /// - Parameter ofFiles: Whether to verify the staged files.
    /// - Complexity: O(entries of all layers), and O(bytes of all staged files).
    func damage(ofFiles: Bool = true) -> String? {
        for layer in layers where layer.state == nil || store.state(ofUnpacked: layer.digest) != layer.state {
            return "the unpacked layer '\(store.directory)/\(layer.digest)' was changed while the job ran"
        }
        for (directory, state) in directories where TreeState(of: directory, .metadata)?.digest != state {
            return "'\(directory)' was changed while the job ran"
        }
        for (path, checksums) in files where ofFiles {
            for checksum in checksums where Checksum(ofFile: path, checksum.kind) != checksum {
                return "the staged source '\(path)' does not have the checksum \(checksum) any more"
            }
        }
        return nil
    }
}
