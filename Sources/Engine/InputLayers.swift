package import Core
package import Model

/// Computes a digest for each job that identifies the layers of all its direct and indirect inputs.
///
/// The digest of a job covers those of its inputs (a Merkle tree), so it changes with any layer that the job depends
/// on.
package struct InputLayers: Sendable {
    /// The index in `stacks` of each job with known layers and inputs.
    private var indices: [Digest: Int32] = [:]
    /// The hexadecimal forms of the digests that jobs contribute to their dependents, one after the other: most jobs
    /// have many dependents.
    private var stacks: [UInt8] = []
    private static let size = 64

    package init() {}

    /// The digest of a job's input layers; nil if the layer of an input is unknown.
    package func base(of job: Job) -> Digest? { base(over: job.inputs.lazy.map { indices[$0] ?? -1 }) }

    /// The digest of the layers at some indices; nil if one of them is negative.
    func base(over inputs: some Collection<Int32>) -> Digest? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(inputs.count * Self.size)
        for index in inputs {
            guard index >= 0 else { return nil }
            bytes += stacks[Int(index) * Self.size..<(Int(index) + 1) * Self.size]
        }
        return Digest(of: bytes)
    }

    /// Sets the layer of a job that was executed over `base`.
    ///
    /// - Returns: The index of the layer.
    @discardableResult
    package mutating func set(_ layer: Digest, of id: Digest, over base: Digest) -> Int32 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(3 * Self.size)
        for part in [id, layer, base] { part.appendHex(to: &bytes) }
        let index = Int32(stacks.count / Self.size)
        Digest(of: bytes).appendHex(to: &stacks)
        indices[id] = index
        return index
    }

    /// Removes the layer of a job.
    package mutating func remove(_ id: Digest) {
        indices[id] = nil
    }
}
