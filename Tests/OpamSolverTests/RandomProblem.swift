import TestSupport

@testable import OpamSolver

/// Random problem, small enough to list every solution: names with versions, needs, choices, conflicts, classes.
/// The last candidate is the root.
struct RandomProblem {
    var problem = CompiledProblem()
    let root: Candidate

    init(seed: UInt64, names: ClosedRange<Int> = 2...4, versions most: Int = 3) {
        var generator = SeededGenerator(seed: seed)
        var problem = CompiledProblem()
        problem.groupCount = 2
        let names = Int.random(in: names, using: &generator)
        for _ in 0..<names { addName(to: &problem, versions: most, &generator) }
        let versions = problem.candidateCount
        var choices = 0
        for version in 0..<versions {
            addDependencies(to: Candidate(version), names: names, choices: &choices, &problem, &generator)
        }
        let slot = problem.addSlot()
        root = problem.addCandidate(to: slot)
        problem.order.replace(slot, with: [root])
        addDependencies(to: root, names: names, choices: &choices, &problem, &generator)
        self.problem = problem
    }
}

private func addName(to problem: inout CompiledProblem, versions most: Int, _ generator: inout SeededGenerator) {
    let slot = problem.addSlot()
    let count = Int.random(in: 0...most, using: &generator)
    let candidates = (0..<count).map { _ in problem.addCandidate(to: slot) }
    // A candidate that is not in the order is a version that the target does not have.
    let order = candidates.shuffled(using: &generator).filter { _ in Int.random(in: 0..<8, using: &generator) > 0 }
    problem.order.replace(slot, with: order)
}

private func addDependencies(
    to candidate: Candidate, names: Int, choices: inout Int, _ problem: inout CompiledProblem,
    _ generator: inout SeededGenerator
) {
    var needs: [SlotConstraint] = []
    for _ in 0..<Int.random(in: 0...3, using: &generator) {
        if choices < 2, Int.random(in: 0..<4, using: &generator) == 0 {
            choices += 1
            let choice = problem.addSlot()
            let alternatives = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                problem.addCandidate(to: choice)
            }
            for alternative in alternatives {
                let parts = (0..<Int.random(in: 1...2, using: &generator)).map { _ in
                    randomLink(names, &problem, &generator)
                }
                problem.dependencies.replace(alternative, with: parts)
            }
            problem.order.replace(choice, with: alternatives)
            needs.append((choice, CandidateSets.everything))
        } else {
            needs.append(randomLink(names, &problem, &generator))
        }
    }
    problem.dependencies.replace(candidate, with: needs)
    let conflicts = (0..<Int.random(in: 0...1, using: &generator)).map { _ in randomLink(names, &problem, &generator) }
    let own = problem.slot(of: candidate)
    problem.conflicts.replace(candidate, with: conflicts.filter { $0.slot != own })
    if Int.random(in: 0..<5, using: &generator) == 0 {
        problem.atMostOneGroups.replace(candidate, with: [Int32.random(in: 0...1, using: &generator)])
    }
}

private func randomLink(
    _ names: Int, _ problem: inout CompiledProblem, _ generator: inout SeededGenerator
) -> SlotConstraint {
    let slot = Slot(Int.random(in: 0..<names, using: &generator))
    let all = Candidate.first(problem.candidateCount).filter { problem.slot(of: $0) == slot }
    guard let first = all.first, let last = all.last, Int.random(in: 0..<3, using: &generator) > 0 else {
        return (slot, CandidateSets.everything)
    }
    let union = (first...last).filter { _ in Bool.random(using: &generator) }.map { $0..<$0.advanced(by: 1) }
    return (slot, problem.sets.add(union))
}
