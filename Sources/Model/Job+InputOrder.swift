package import Core

extension Job {
    /// The jobs below `roots` and these, each once and after its own inputs.
    ///
    /// - Parameter inputs: The direct inputs of a job, in the order in which they are visited; what it throws is passed on.
    /// - Complexity: O(jobs + edges).
    package static func inputOrder(
        of roots: [Digest], inputs: (Digest) throws -> [Digest]
    ) rethrows -> [Digest] {
        var order: [Digest] = []
        var visited: Set<Digest> = []
        var stack = roots.reversed().map { (id: $0, isLeft: false) }
        while let (id, isLeft) = stack.popLast() {
            if isLeft {
                order.append(id)
            } else if visited.insert(id).inserted {
                stack.append((id, true))
                stack += try inputs(id).reversed().map { ($0, false) }
            }
        }
        return order
    }
}
