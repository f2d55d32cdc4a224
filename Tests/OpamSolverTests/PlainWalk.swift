@testable import OpamSolver

/// Traverses by trying everything in order and backtracking one step at a time, without learning: for problems that are
/// too large to enumerate every solution.
struct PlainWalk {
    let problem: CompiledProblem
    /// Candidates that may still be tried.
    private(set) var budget = 200_000

    init(problem: CompiledProblem) {
        self.problem = problem
    }

    /// The selection of the traversal, in its order; `.some(nil)` if there is no solution, nil if the budget was
    /// exceeded.
    mutating func walk(from root: Candidate) -> [Candidate]?? {
        let found = walk([(root, problem.dependencies.range(root).lowerBound)], [root])
        return budget > 0 ? .some(found) : nil
    }

    private mutating func walk(_ open: [(candidate: Candidate, need: Int)], _ taken: [Candidate]) -> [Candidate]? {
        guard isAllowed(taken) else { return nil }
        var open = open
        while let (candidate, need) = open.last {
            guard need < problem.dependencies.range(candidate).upperBound else {
                open.removeLast()
                continue
            }
            open[open.count - 1].need += 1
            let (slot, set) = (problem.dependencies.slot(need), problem.dependencies.set(need))
            if taken.contains(where: { problem.slot(of: $0) == slot }) { continue }
            for option in problem.order[slot] where problem.sets.contains(option, in: set) && budget > 0 {
                budget -= 1
                let further = open + [(option, problem.dependencies.range(option).lowerBound)]
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
                && (other == last
                    || !problem.atMostOneGroups[last].contains { problem.atMostOneGroups[other].contains($0) })
        }
    }

    private func excludes(_ one: Candidate, _ other: Candidate) -> Bool {
        let slot = problem.slot(of: other)
        return problem.dependencies.range(one).contains {
            problem.dependencies.slot($0) == slot && !problem.sets.contains(other, in: problem.dependencies.set($0))
        }
            || problem.conflicts.range(one).contains {
                problem.conflicts.slot($0) == slot && problem.sets.contains(other, in: problem.conflicts.set($0))
            }
    }
}
