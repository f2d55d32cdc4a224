package import Core

extension Job {
    /// The jobs in `roots` and all their inputs, each once, every job after its inputs.
    ///
    /// - Parameter inputs: returns the direct inputs of a job in the order in which they are visited; its errors are
    ///   rethrown.
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
