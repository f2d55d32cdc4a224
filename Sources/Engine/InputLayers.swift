package import Core
package import Model

/// Computes a digest for each job that identifies the layers of all its direct and indirect inputs.
///
/// The digest of a job covers those of its inputs (a Merkle tree), so it changes with any layer that the job depends
/// on.
package struct InputLayers: Sendable {
    /// The digests that jobs contribute to their dependents, for jobs with known layers and inputs.
    private var stacks: [Digest: Digest] = [:]

    package init() {}

    /// The digest of a job's input layers; nil if the layer of an input is unknown.
    package func base(of job: Job) -> Digest? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(job.inputs.count * 64)
        for input in job.inputs {
            guard let stack = stacks[input] else { return nil }
            bytes.append(contentsOf: stack.hex.utf8)
        }
        return Digest(of: bytes)
    }

    /// Sets the layer of a job that was executed over `base`.
    package mutating func set(_ layer: Digest, of id: Digest, over base: Digest) {
        stacks[id] = Digest(of: Array((id.hex + layer.hex + base.hex).utf8))
    }

    /// Removes the layer of a job.
    package mutating func remove(_ id: Digest) {
        stacks[id] = nil
    }
}
