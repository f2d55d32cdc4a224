@testable import OpamSolver

/// Lists every solution of small rules and walks through them: slow, and too simple to be wrong.
struct ExhaustiveSolver {
    let rules: Rules
    let root: Candidate

    /// What the walk from the root takes, in the order of the walk; nil when there is no solution.
    func walk() -> [Candidate]? {
        var solutions = allSolutions()
        guard !solutions.isEmpty else { return nil }
        var met: [Candidate] = []
        follow(root, &solutions, &met)
        return met
    }

    private func follow(_ candidate: Candidate, _ solutions: inout [[Slot: Candidate]], _ met: inout [Candidate]) {
        met.append(candidate)
        for need in rules.needs.range(candidate) {
            let slot = rules.needs.slot(need)
            if met.contains(where: { rules.slotOf[Int($0)] == slot }) { continue }
            for option in rules.order[slot] {
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
            if slot == Slot(rules.slotCount) {
                if isSolution(taken) { found.append(taken) }
                return
            }
            taken[slot] = nil
            extend(from: slot + 1)
            for candidate in rules.order[slot] {
                taken[slot] = candidate
                if !breaksAnExclusion(taken) { extend(from: slot + 1) }
            }
            taken[slot] = nil
        }
        extend(from: 0)
        return found
    }

    /// Whether `taken` satisfies every rule and holds the root.
    func isSolution(_ taken: [Slot: Candidate]) -> Bool {
        guard taken[rules.slotOf[Int(root)]] == root, !breaksAnExclusion(taken) else { return false }
        return taken.values.allSatisfy { candidate in
            rules.needs.range(candidate).allSatisfy { need in
                taken[rules.needs.slot(need)].map { rules.sets.contains($0, in: rules.needs.set(need)) } ?? false
            }
        }
    }

    private func breaksAnExclusion(_ taken: [Slot: Candidate]) -> Bool {
        let isForbidden = taken.values.contains { candidate in
            rules.conflicts.range(candidate).contains { conflict in
                taken[rules.conflicts.slot(conflict)].map {
                    rules.sets.contains($0, in: rules.conflicts.set(conflict))
                } ?? false
            }
        }
        let classes = taken.values.flatMap { Set(rules.classes[$0]) }
        return isForbidden || Set(classes).count < classes.count
    }
}
