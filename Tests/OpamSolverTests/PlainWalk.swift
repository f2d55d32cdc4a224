@testable import OpamSolver

/// Walks by trying everything in order and going back one step at a time, without learning: for rules that are too large
/// to list every solution.
struct PlainWalk {
    let rules: Rules
    /// Candidates that may still be tried.
    private(set) var budget = 200_000

    init(rules: Rules) {
        self.rules = rules
    }

    /// What the walk takes, in its order, `.some(nil)` where there is no solution, nil where the budget was not enough.
    mutating func walk(from root: Candidate) -> [Candidate]?? {
        let found = walk([(root, rules.needs.range(root).lowerBound)], [root])
        return budget > 0 ? .some(found) : nil
    }

    private mutating func walk(_ open: [(candidate: Candidate, need: Int)], _ taken: [Candidate]) -> [Candidate]? {
        guard isAllowed(taken) else { return nil }
        var open = open
        while let (candidate, need) = open.last {
            guard need < rules.needs.range(candidate).upperBound else {
                open.removeLast()
                continue
            }
            open[open.count - 1].need += 1
            let (slot, set) = (rules.needs.slot(need), rules.needs.set(need))
            if taken.contains(where: { rules.slotOf[Int($0)] == slot }) { continue }
            for option in rules.order[slot] where rules.sets.contains(option, in: set) && budget > 0 {
                budget -= 1
                let further = open + [(option, rules.needs.range(option).lowerBound)]
                if let found = walk(further, taken + [option]) { return found }
            }
            return nil
        }
        return taken
    }

    /// Whether the last candidate taken goes with those before it.
    private func isAllowed(_ taken: [Candidate]) -> Bool {
        let last = taken[taken.count - 1]
        return taken.allSatisfy { other in
            !excludes(last, other) && !excludes(other, last)
                && (other == last || !rules.classes[last].contains { rules.classes[other].contains($0) })
        }
    }

    private func excludes(_ one: Candidate, _ other: Candidate) -> Bool {
        let slot = rules.slotOf[Int(other)]
        return rules.needs.range(one).contains {
            rules.needs.slot($0) == slot && !rules.sets.contains(other, in: rules.needs.set($0))
        }
            || rules.conflicts.range(one).contains {
                rules.conflicts.slot($0) == slot && rules.sets.contains(other, in: rules.conflicts.set($0))
            }
    }
}
