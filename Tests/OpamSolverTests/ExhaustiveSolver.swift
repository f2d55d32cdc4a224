@testable import OpamSolver

/// Lists every solution of a small problem and walks through them: slow, and too simple to be wrong.
struct ExhaustiveSolver {
    let problem: CompiledProblem
    let root: Candidate

    /// The selection of the traversal from the root, in its order; nil if there is no solution.
    func walk() -> [Candidate]? {
        var solutions = allSolutions()
        guard !solutions.isEmpty else { return nil }
        var met: [Candidate] = []
        follow(root, &solutions, &met)
        return met
    }

    private func follow(_ candidate: Candidate, _ solutions: inout [[Slot: Candidate]], _ met: inout [Candidate]) {
        met.append(candidate)
        for need in problem.dependencies.range(candidate) {
            let slot = problem.dependencies.slot(need)
            if met.contains(where: { problem.slot(of: $0) == slot }) { continue }
            for option in problem.order[slot] {
                let left = solutions.filter { $0[slot] == option }
                if left.isEmpty { continue }
                solutions = left
                follow(option, &solutions, &met)
                break
            }
        }
    }

    private func allSolutions() -> [[Slot: Candidate]] {
        var found: [[Slot: Candidate]] = []
        var taken: [Slot: Candidate] = [:]
        func extend(from slot: Slot) {
            if slot == Slot(problem.slotCount) {
                if isSolution(taken) { found.append(taken) }
                return
            }
            taken[slot] = nil
            extend(from: slot.advanced(by: 1))
            for candidate in problem.order[slot] {
                taken[slot] = candidate
                if !breaksAnExclusion(taken) { extend(from: slot.advanced(by: 1)) }
            }
            taken[slot] = nil
        }
        extend(from: Slot(0))
        return found
    }

    /// Whether `taken` satisfies every constraint and contains the root.
    func isSolution(_ taken: [Slot: Candidate]) -> Bool {
        guard taken[problem.slot(of: root)] == root, !breaksAnExclusion(taken) else { return false }
        return taken.values.allSatisfy { candidate in
            problem.dependencies.range(candidate).allSatisfy { need in
                taken[problem.dependencies.slot(need)].map {
                    problem.sets.contains($0, in: problem.dependencies.set(need))
                } ?? false
            }
        }
    }

    private func breaksAnExclusion(_ taken: [Slot: Candidate]) -> Bool {
        let isForbidden = taken.values.contains { candidate in
            problem.conflicts.range(candidate).contains { conflict in
                taken[problem.conflicts.slot(conflict)].map {
                    problem.sets.contains($0, in: problem.conflicts.set(conflict))
                } ?? false
            }
        }
        let classes = taken.values.flatMap { Set(problem.atMostOneGroups[$0]) }
        return isForbidden || Set(classes).count < classes.count
    }
}
