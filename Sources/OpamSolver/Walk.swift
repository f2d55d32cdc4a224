/// The walk over the dependencies of selected candidates, depth first: the order of decisions.
struct Walk {
    /// A stack of frames, as a linked list in an array. Frames never change, so an earlier state is an earlier index.
    struct Frame {
        let candidate: Candidate
        /// The position of the dependency to continue with.
        let dependency: Int32
        /// The frame to continue with after the last dependency; -1 at the bottom.
        let next: Int32
    }

    /// A state of the walk to return to.
    struct Position {
        let frames: Int
        let current: Int32
        let visited: Int

        static let start = Position(frames: 0, current: -1, visited: 0)
    }

    fileprivate var frames: [Frame] = []
    fileprivate var current: Int32 = -1
    fileprivate var isVisited: [Bool]
    /// The slots that the walk has entered, in order.
    fileprivate(set) var visited: [Slot] = []

    init(slots: Int) {
        isVisited = Array(repeating: false, count: slots)
    }

    mutating func grow(to slots: Int) {
        while isVisited.count < slots { isVisited.append(false) }
    }

    var position: Position { Position(frames: frames.count, current: current, visited: visited.count) }

    mutating func restore(_ position: Position) {
        while visited.count > position.visited { isVisited[visited.removeLast().index] = false }
        frames.removeLast(frames.count - position.frames)
        current = position.current
    }

    fileprivate mutating func push(_ frame: Frame) {
        frames.append(frame)
        current = Int32(frames.count - 1)
    }
}

/// How a search ended.
enum SearchResult {
    case solved
    case unsolvable
    /// The budget was exhausted before an answer was found.
    case budgetExhausted
}

extension Search {
    /// Walks from `root`, a candidate that must be selected.
    ///
    /// - Parameter budget: the maximum number of steps: assignments, and parts of clauses that are resolved.
    mutating func run(from root: Candidate, budget: Int) -> SearchResult {
        assign(root, true, because: nil)
        walk.push(frame(entering: root, next: -1))
        var conflict = propagate()
        while statistics.steps <= budget {
            if let clause = conflict {
                guard resolveConflict(clause) else { return .unsolvable }
                conflict = propagate()
            } else if let slot = nextUndecided() {
                conflict = decide(slot)
            } else {
                return .solved
            }
        }
        return .budgetExhausted
    }

    private func frame(entering candidate: Candidate, next: Int32) -> Walk.Frame {
        Walk.Frame(
            candidate: candidate, dependency: Int32(problem.dependencies.range(candidate).lowerBound), next: next)
    }

    /// Follows the walk to the next slot that has to be decided; nil at its end.
    private mutating func nextUndecided() -> Slot? {
        while walk.current >= 0 {
            let frame = walk.frames[Int(walk.current)]
            let dependencies = problem.dependencies.range(frame.candidate)
            guard Int(frame.dependency) < dependencies.upperBound else {
                walk.current = frame.next
                continue
            }
            let slot = problem.dependencies.slot(Int(frame.dependency))
            let selected = assignment.selected[slot.index]
            if selected.isNone { return slot }
            if Int(frame.dependency) + 1 < dependencies.upperBound {
                walk.push(
                    Walk.Frame(candidate: frame.candidate, dependency: frame.dependency + 1, next: frame.next))
            } else {
                walk.current = frame.next
            }
            if !walk.isVisited[slot.index] {
                walk.isVisited[slot.index] = true
                walk.visited.append(slot)
                walk.push(self.frame(entering: selected, next: walk.current))
            }
        }
        return nil
    }

    /// Selects the best candidate of `slot`, or excludes one that a clause blocks.
    private mutating func decide(_ slot: Slot) -> Clause? {
        for index in problem.order.range(slot) {
            let candidate = problem.order.candidate(at: index)
            guard assignment.isUnassigned(candidate) else { continue }
            if let clause = blockingClause(for: candidate) {
                assign(candidate, false, because: clause)
            } else {
                pushDecisionLevel()
                assign(candidate, true, because: nil)
            }
            return propagate()
        }
        guard let requirement = assignment.requirements[slot.index] else { return nil }
        return .dependency(requirement.candidate, index: requirement.index)
    }
}
