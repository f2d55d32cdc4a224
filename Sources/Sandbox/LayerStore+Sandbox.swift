public import Core
public import Layers

extension LayerStore {
    /// Keeps what the commands of `sandbox` changed below `paths` as a layer.
    ///
    /// - Parameters:
    ///   - paths: relative to the root of the sandbox.
    ///   - excluded: paths that are left out with all that is below.
    /// - Throws: `Failure`, of the kind `input` only where the changes exceed `limits` or have names that no archive takes.
    public func capture(
        _ sandbox: Sandbox, paths: [String] = [""], excluding excluded: Set<String> = []
    ) throws(Failure) -> Layer {
        try capture(directory: sandbox.changes, paths: paths, excluding: excluded, keepingOwners: true)
    }
}
