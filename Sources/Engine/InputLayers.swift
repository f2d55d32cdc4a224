package import Core
package import Model

/// Identifies the layers that jobs are executed over, direct inputs and indirect ones, by one digest for each job.
///
/// A digest covers those of the inputs (a Merkle tree), so a layer that changes anywhere below a job changes the job's.
package struct InputLayers: Sendable {
    /// For jobs whose layer and whose inputs' layers are all known: what jobs over them are executed over.
    private var stacks: [Digest: Digest] = [:]

    package init() {}

    /// Identifies what a job is executed over; nil where the layer of an input is not known.
    package func base(of job: Job) -> Digest? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(job.inputs.count * 64)
        for input in job.inputs {
            guard let stack = stacks[input] else { return nil }
            bytes.append(contentsOf: stack.hex.utf8)
        }
        return Digest(of: bytes)
    }

    /// Notes the layer of a job. `base` is what the job was executed over.
    package mutating func set(_ layer: Digest, of id: Digest, over base: Digest) {
        stacks[id] = Digest(of: Array((id.hex + layer.hex + base.hex).utf8))
    }

    /// Forgets the layer of a job.
    package mutating func remove(_ id: Digest) {
        stacks[id] = nil
    }
}
