import TestSupport

@testable import OpamSolver

/// Random rules, small enough to list every solution: names with versions, needs, choices, conflicts, classes.
/// The last candidate is the root.
struct RandomRules {
    var rules = Rules()
    let root: Candidate

    init(seed: UInt64, names: ClosedRange<Int> = 2...4, versions most: Int = 3) {
        var generator = SeededGenerator(seed: seed)
        var rules = Rules()
        rules.classCount = 2
        let names = Int.random(in: names, using: &generator)
        for _ in 0..<names { addName(to: &rules, versions: most, &generator) }
        let versions = Int32(rules.candidateCount)
        var choices = 0
        for version in 0..<versions {
            addNeeds(to: version, names: names, choices: &choices, &rules, &generator)
        }
        let slot = rules.addSlot()
        root = rules.addCandidate(to: slot)
        rules.order.replace(slot, with: [root])
        addNeeds(to: root, names: names, choices: &choices, &rules, &generator)
        self.rules = rules
    }
}

private func addName(to rules: inout Rules, versions most: Int, _ generator: inout SeededGenerator) {
    let slot = rules.addSlot()
    let count = Int.random(in: 0...most, using: &generator)
    let candidates = (0..<count).map { _ in rules.addCandidate(to: slot) }
    // A candidate that is not in the order is a version that the target does not have.
    let order = candidates.shuffled(using: &generator).filter { _ in Int.random(in: 0..<8, using: &generator) > 0 }
    rules.order.replace(slot, with: order)
}

private func addNeeds(
    to candidate: Candidate, names: Int, choices: inout Int, _ rules: inout Rules,
    _ generator: inout SeededGenerator
) {
    var needs: [(slot: Slot, set: Int32)] = []
    for _ in 0..<Int.random(in: 0...3, using: &generator) {
        if choices < 2, Int.random(in: 0..<4, using: &generator) == 0 {
            choices += 1
            let choice = rules.addSlot()
            let alternatives = (0..<Int.random(in: 1...3, using: &generator)).map { _ in rules.addCandidate(to: choice)
            }
            for alternative in alternatives {
                let parts = (0..<Int.random(in: 1...2, using: &generator)).map { _ in
                    randomLink(names, &rules, &generator)
                }
                rules.needs.replace(alternative, with: parts)
            }
            rules.order.replace(choice, with: alternatives)
            needs.append((choice, CandidateSets.everything))
        } else {
            needs.append(randomLink(names, &rules, &generator))
        }
    }
    rules.needs.replace(candidate, with: needs)
    let conflicts = (0..<Int.random(in: 0...1, using: &generator)).map { _ in randomLink(names, &rules, &generator) }
    rules.conflicts.replace(candidate, with: conflicts)
    if Int.random(in: 0..<5, using: &generator) == 0 {
        rules.classes.replace(candidate, with: [Int32.random(in: 0...1, using: &generator)])
    }
}

private func randomLink(
    _ names: Int, _ rules: inout Rules, _ generator: inout SeededGenerator
) -> (slot: Slot, set: Int32) {
    let slot = Slot(Int.random(in: 0..<names, using: &generator))
    let all = rules.slotOf.indices.filter { rules.slotOf[$0] == slot }.map(Int32.init)
    guard let first = all.first, let last = all.last, Int.random(in: 0..<3, using: &generator) > 0 else {
        return (slot, CandidateSets.everything)
    }
    let union = (first...last).filter { _ in Bool.random(using: &generator) }.map { $0..<($0 + 1) }
    return (slot, rules.sets.add(union))
}
