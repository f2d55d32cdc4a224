extension TargetUniverse {
    /// The names whose newest available version needs one of `roots`, over at most `depth` steps. The roots are among
    /// them only if they need each other.
    ///
    /// Every alternative of a choice counts. Filters are as in an ordinary request: tests and documentation don't count.
    ///
    /// - Parameter depth: 1 for those that need a root themselves; nil for any number of steps.
    /// - Returns: The names in byte order.
    /// - Complexity: O(size of the universe).
    public func dependents(of roots: Set<Universe.NameID>, depth: Int? = nil) -> [Universe.NameID] {
        var dependents = [[Universe.NameID]](repeating: [], count: universe.nameCount)
        for package in newestAvailable {
            let name = universe.nameID(of: package)
            for needed in Set(neededNames(of: package)) { dependents[Int(needed)].append(name) }
        }
        var found: Set<Universe.NameID> = []
        var front = roots
        var step = 0
        while !front.isEmpty, depth.map({ step < $0 }) ?? true {
            front = Set(front.flatMap { dependents[Int($0)] }).subtracting(found)
            found.formUnion(front)
            step += 1
        }
        return universe.allNames.filter { found.contains($0) }
    }

    /// The names in the needs of a candidate, with those of its choices.
    private func neededNames(of candidate: Candidate) -> [Universe.NameID] {
        rules.needs.range(candidate).flatMap { need -> [Universe.NameID] in
            let slot = rules.needs.slot(need)
            return slot < universe.nameCount ? [slot] : rules.order[slot].flatMap { neededNames(of: $0) }
        }
    }
}
