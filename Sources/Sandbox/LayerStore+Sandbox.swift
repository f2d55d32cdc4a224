public import Core
public import Layers

extension LayerStore {
    /// Stores what the commands of `sandbox` changed below `paths` as a layer.
    ///
    /// - Parameters:
    ///   - paths: paths relative to the root of the sandbox.
    ///   - excluded: paths to skip with everything below them.
    /// - Throws: `Failure`, of the category `input` only if the changes exceed `limits` or have names that archives do
    ///   not support.
    public func capture(
        _ sandbox: Sandbox, paths: [String] = [""], excluding excluded: Set<String> = []
    ) throws(Failure) -> Layer {
        try capture(directory: sandbox.changes, paths: paths, excluding: excluded, keepingOwners: true)
    }
}
