internal import OpamFormat

/// Adds a request to the problem of the target and removes it.
extension Solver {
    /// Adds the constraints of a request to those of the target.
    ///
    /// - Returns: false when a root is a package that does not occur in the universe.
    mutating func prepare(_ request: Request) -> Bool {
        roots = request.roots
        let universe = target.universe
        var dependencies: [SlotConstraint] = []
        var conflicts: [SlotConstraint] = []
        for root in request.roots {
            guard let name = universe.nameID(root.name.text) else { return false }
            dependencies.append((name, newSet(universe.versionSet(of: name, root.versions))))
        }
        let pins = request.pins.map { PackageConstraint($0.key, .exactly($0.value)) }
        for constraint in request.constraints + pins {
            guard let name = universe.nameID(constraint.name.text) else { continue }
            let allowed = universe.versionSet(of: name, constraint.versions)
            conflicts.append((name, newSet(allowed.complement(in: universe.versions(of: name)))))
        }
        search.problem.dependencies.replace(root, with: dependencies)
        search.problem.conflicts.replace(root, with: conflicts)
        reorder(request)
        changeScopes(request)
        search.growToProblem(from: checkpoint)
        return true
    }

    private mutating func newSet(_ versions: VersionSet) -> CandidateSets.ID {
        search.problem.sets.add(versions.ranges)
    }

    /// Sets the candidates of names for which the request asks for another order than that of the target.
    private mutating func reorder(_ request: Request) {
        let requested = request.requestedExactly.union(request.pins.keys)
        let names = Set(requested.compactMap { target.universe.nameID($0.text) })
        let changed = request.preference == .newest ? Array(names) : Array(Slot.first(target.universe.nameCount))
        for name in changed {
            let candidates = target.candidates(of: name, request.preference, isRequested: names.contains(name))
            guard !search.problem.order[name].elementsEqual(candidates) else { continue }
            changedOrders.append((name, search.problem.order.range(name)))
            search.problem.order.replace(name, with: candidates)
            search.assignment.openCandidates[name.index] = Int32(candidates.count)
        }
    }

    /// Sets the dependencies of packages whose tests or documentation are requested, or that are pinned to `dev`.
    private mutating func changeScopes(_ request: Request) {
        let developed = request.pins.filter { $0.value.text == "dev" }.keys
        for name in request.withTest.union(request.withDoc).union(developed) {
            guard let id = target.universe.nameID(name.text) else { continue }
            var scope = DependencyScope()
            scope.withTest = request.withTest.contains(name)
            scope.withDoc = request.withDoc.contains(name)
            for candidate in search.problem.order[id] {
                scope.dev = developed.contains(name) && target.universe.version(of: candidate) == "dev"
                let dependencies = dependencies(of: candidate, scope)
                saveRows(of: candidate)
                search.problem.dependencies.replace(candidate, with: dependencies)
            }
        }
    }

    private mutating func dependencies(of candidate: Candidate, _ scope: DependencyScope) -> [SlotConstraint] {
        let formula = target.universe.packages.depends[candidate.index]
        var compiler =
            compilers.removeValue(forKey: scope)
            ?? ProblemCompiler(target.universe, target.filters, decisions(in: scope))
        defer { compilers[scope] = compiler }
        return compiler.dependencies(of: formula, &search.problem)
    }

    /// Saves the rows of a candidate before they are changed.
    mutating func saveRows(of candidate: Candidate) {
        savedRows.append(
            SavedRows(
                candidate: candidate, dependencies: search.problem.dependencies.range(candidate),
                conflicts: search.problem.conflicts.range(candidate),
                atMostOneGroups: search.problem.atMostOneGroups.range(candidate)))
    }

    /// Undoes all changes of rows but the first `count`.
    mutating func restoreRows(downTo count: Int) {
        while savedRows.count > count {
            let rows = savedRows.removeLast()
            search.problem.dependencies.restore(rows.candidate, to: rows.dependencies)
            search.problem.conflicts.restore(rows.candidate, to: rows.conflicts)
            search.problem.atMostOneGroups.restore(rows.candidate, to: rows.atMostOneGroups)
        }
    }

    /// Removes the request.
    mutating func reset() {
        search.reset()
        for (slot, range) in changedOrders {
            search.problem.order.restore(slot, to: range)
            search.assignment.openCandidates[slot.index] = Int32(range.count)
        }
        changedOrders.removeAll()
        implied = ImpliedVersions()
        restoreRows(downTo: 0)
        for scope in compilers.keys { compilers[scope]?.forgetSets() }
        search.problem.dependencies.restore(root, to: 0..<0)
        search.problem.conflicts.restore(root, to: 0..<0)
        search.problem.rollback(to: checkpoint)
    }
}

/// The original positions of the rows of a candidate.
struct SavedRows {
    let candidate: Candidate
    let dependencies: Range<Int>
    let conflicts: Range<Int>
    let atMostOneGroups: Range<Int>
}
