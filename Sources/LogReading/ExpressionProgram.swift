/// An expression compiled for a backtracking machine.
struct ExpressionProgram: Sendable {
    private enum Instruction {
        case set(ByteSet)
        /// Matches a repeated byte set, greedily or lazily.
        case run(ByteSet, minimum: Int, maximum: Int, isGreedy: Bool)
        case split(Int, Int)
        case jump(Int)
        case save(Int)
        case start
        case end
        case wordBoundary(isNegated: Bool)
        /// Tries the following instructions as a lookaround, `length` bytes back or at the current position; continues
        /// at `next`.
        case lookaround(length: Int, isNegated: Bool, next: Int)
        /// Begins a loop: its slot holds no position yet.
        case enter(slot: Int)
        /// Prevents a loop of empty matches from repeating forever: fails if an iteration has begun at this position.
        case progress(slot: Int)
        case match
    }

    private var instructions: [Instruction] = []
    private var slots: Int
    private let savedSlots: Int
    /// The bytes with which a match can begin.
    private var first = ByteSet.all
    private var isAnchored = false

    /// Whether the expression did not exceed the size limit.
    private(set) var isComplete = true

    private static let instructionLimit = 20_000
    /// The maximum number of steps of one search.
    private static let stepLimit = 200_000

    init(_ tree: ExpressionNode, groups: Int) {
        savedSlots = 2 * (groups + 1)
        slots = savedSlots
        append(.save(0))
        compile(tree)
        append(.save(1))
        append(.match)
        if case .start = Self.firstAtom(of: tree) { isAnchored = true }
        var visited: Set<Int> = []
        var set = ByteSet()
        first = collectFirst(0, &visited, &set) ? set : .all
    }

    private static func firstAtom(of node: ExpressionNode) -> ExpressionNode {
        switch node {
        case .sequence(let parts): parts.first.map(firstAtom) ?? node
        case .group(let body, _): firstAtom(of: body)
        default: node
        }
    }

    private mutating func append(_ instruction: Instruction) {
        instructions.append(instruction)
    }

    // MARK: Compiling

    private mutating func compile(_ node: ExpressionNode) {
        guard instructions.count < Self.instructionLimit else {
            isComplete = false
            return
        }
        switch node {
        case .set(let set): append(.set(set))
        case .sequence(let parts): for part in parts { compile(part) }
        case .alternatives(let branches): compile(branches[...])
        case .group(let body, let number):
            append(.save(2 * number))
            compile(body)
            append(.save(2 * number + 1))
        case .repetition(.set(let set), let minimum, let maximum, let isGreedy):
            append(.run(set, minimum: minimum, maximum: maximum ?? .max, isGreedy: isGreedy))
        case .repetition(let body, let minimum, let maximum, let isGreedy):
            for _ in 0..<minimum { compile(body) }
            if let maximum {
                compile(optional: body, times: maximum - minimum, isGreedy)
            } else {
                compile(loop: body, isGreedy)
            }
        case .start: append(.start)
        case .end: append(.end)
        case .wordBoundary(let isNegated): append(.wordBoundary(isNegated: isNegated))
        case .lookahead(let body, let isNegated): compile(lookaround: body, length: 0, isNegated)
        case .lookbehind(let body, let length, let isNegated): compile(lookaround: body, length: length, isNegated)
        }
    }

    private mutating func compile(_ branches: ArraySlice<ExpressionNode>) {
        guard let branch = branches.first else { return }
        guard branches.count > 1 else { return compile(branch) }
        let split = instructions.count
        append(.split(0, 0))
        compile(branch)
        let jump = instructions.count
        append(.jump(0))
        instructions[split] = .split(split + 1, instructions.count)
        compile(branches.dropFirst())
        instructions[jump] = .jump(instructions.count)
    }

    private mutating func compile(optional body: ExpressionNode, times: Int, _ isGreedy: Bool) {
        guard times > 0 else { return }
        let split = instructions.count
        append(.split(0, 0))
        compile(body)
        compile(optional: body, times: times - 1, isGreedy)
        let (inside, after) = (split + 1, instructions.count)
        instructions[split] = isGreedy ? .split(inside, after) : .split(after, inside)
    }

    private mutating func compile(loop body: ExpressionNode, _ isGreedy: Bool) {
        let slot = slots
        slots += 1
        append(.enter(slot: slot))
        let split = instructions.count
        append(.split(0, 0))
        append(.progress(slot: slot))
        compile(body)
        append(.jump(split))
        let (inside, after) = (split + 1, instructions.count)
        instructions[split] = isGreedy ? .split(inside, after) : .split(after, inside)
    }

    private mutating func compile(lookaround body: ExpressionNode, length: Int, _ isNegated: Bool) {
        let start = instructions.count
        append(.match)
        compile(body)
        append(.match)
        instructions[start] = .lookaround(length: length, isNegated: isNegated, next: instructions.count)
    }

    /// Collects the bytes with which a match that begins at an instruction can begin.
    ///
    /// - Returns: false if a match may be empty.
    private func collectFirst(_ start: Int, _ visited: inout Set<Int>, _ set: inout ByteSet) -> Bool {
        var position = start
        while true {
            guard visited.insert(position).inserted else { return true }
            switch instructions[position] {
            case .set(let own):
                set.formUnion(own)
                return true
            case .run(let own, let minimum, _, _):
                set.formUnion(own)
                if minimum > 0 { return true }
                position += 1
            case .split(let one, let other):
                guard collectFirst(one, &visited, &set) else { return false }
                position = other
            case .jump(let target): position = target
            case .lookaround(_, _, let next): position = next
            case .save, .start, .wordBoundary, .enter, .progress: position += 1
            case .end, .match: return false
            }
        }
    }

    // MARK: Matching

    private struct Choice {
        var instruction: Int
        var position: Int
        /// For a repetition: the lowest and highest position that remain to be tried.
        var rest: ClosedRange<Int>?
        /// For a saved value: the slot, whose previous value is `position`.
        var slot: Int?
    }

    func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, countingSteps allSteps: inout Int
    ) -> Expression.Match? {
        var steps = 0
        defer { allSteps += steps }
        var saved = [Int](repeating: -1, count: slots)
        var choices: [Choice] = []
        var position = start
        while position <= text.count {
            if isAnchored, position > 0 { return nil }
            if first != .all {
                while position < text.count, !first.contains(text[position]) { position += 1 }
                if position == text.count { return nil }
            }
            if run(text, at: position, instruction: 0, &saved, &choices, &steps) {
                return Expression.Match(
                    groups: stride(from: 0, to: savedSlots, by: 2).map { slot in
                        saved[slot] >= 0 && saved[slot + 1] >= saved[slot] ? saved[slot]..<saved[slot + 1] : nil
                    })
            }
            guard steps < Self.stepLimit else { return nil }
            position += 1
        }
        return nil
    }

    /// Runs the machine until it matches or no choice is left.
    ///
    /// Choices that remain after a match are left to the caller; with them the saved values can be restored.
    private func run(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int, instruction: Int, _ saved: inout [Int],
        _ choices: inout [Choice], _ steps: inout Int
    ) -> Bool {
        let base = choices.count
        var (counter, position) = (instruction, start)
        while true {
            steps += 1
            guard steps < Self.stepLimit else { return false }
            var succeeds = true
            switch instructions[counter] {
            case .set(let set):
                succeeds = position < text.count && set.contains(text[position])
                position += 1
                counter += 1
            case .run(let set, let minimum, let maximum, let isGreedy):
                let lowest = position
                var end = position
                let limit = maximum == .max ? text.count : min(text.count, position + maximum)
                while end < limit, set.contains(text[end]) { end += 1 }
                steps += (end - lowest) >> 4
                counter += 1
                succeeds = end - lowest >= minimum
                guard succeeds else { break }
                let shortest = lowest + minimum
                position = isGreedy ? end : shortest
                guard end > shortest else { break }
                let rest = isGreedy ? shortest...(end - 1) : (shortest + 1)...end
                choices.append(Choice(instruction: isGreedy ? counter : -counter, position: 0, rest: rest))
            case .split(let one, let other):
                choices.append(Choice(instruction: other, position: position))
                counter = one
            case .jump(let target): counter = target
            case .save(let slot):
                save(position, in: slot, &saved, &choices)
                counter += 1
            case .enter(let slot):
                save(-1, in: slot, &saved, &choices)
                counter += 1
            case .progress(let slot):
                succeeds = saved[slot] != position
                if succeeds { save(position, in: slot, &saved, &choices) }
                counter += 1
            case .start:
                succeeds = position == 0
                counter += 1
            case .end:
                succeeds = position == text.count
                counter += 1
            case .wordBoundary(let isNegated):
                let before = position > 0 && ByteSet.word.contains(text[position - 1])
                let after = position < text.count && ByteSet.word.contains(text[position])
                succeeds = (before != after) != isNegated
                counter += 1
            case .lookaround(let length, let isNegated, let next):
                let before = choices.count
                let found =
                    position >= length
                    && run(text, at: position - length, instruction: counter + 1, &saved, &choices, &steps)
                if found { leaveLookaround(keepingValues: !isNegated, to: before, &saved, &choices) }
                succeeds = found != isNegated
                counter = next
            case .match: return true
            }
            if !succeeds {
                guard backtrack(to: base, &counter, &position, &saved, &choices) else { return false }
            }
        }
    }

    private func save(_ value: Int, in slot: Int, _ saved: inout [Int], _ choices: inout [Choice]) {
        choices.append(Choice(instruction: 0, position: saved[slot], slot: slot))
        saved[slot] = value
    }

    /// Removes the choices that a lookaround left when its body matched: it is not tried in another way.
    ///
    /// - Parameter keepsValues: Whether the values that it saved are kept; their previous values then remain among the
    ///   choices, because backtracking to a point before the lookaround restores them.
    private func leaveLookaround(
        keepingValues keepsValues: Bool, to base: Int, _ saved: inout [Int], _ choices: inout [Choice]
    ) {
        if keepsValues {
            choices[base...].removeAll { $0.slot == nil }
        } else {
            for choice in choices[base...].reversed() {
                if let slot = choice.slot { saved[slot] = choice.position }
            }
            choices.removeLast(choices.count - base)
        }
    }

    /// Resumes at the last remaining choice.
    private func backtrack(
        to base: Int, _ counter: inout Int, _ position: inout Int, _ saved: inout [Int], _ choices: inout [Choice]
    ) -> Bool {
        while choices.count > base, let choice = choices.popLast() {
            if let slot = choice.slot {
                saved[slot] = choice.position
                continue
            }
            guard let rest = choice.rest else {
                (counter, position) = (choice.instruction, choice.position)
                return true
            }
            let isGreedy = choice.instruction >= 0
            counter = abs(choice.instruction)
            position = isGreedy ? rest.upperBound : rest.lowerBound
            if rest.lowerBound < rest.upperBound {
                let left = isGreedy ? rest.lowerBound...(rest.upperBound - 1) : (rest.lowerBound + 1)...rest.upperBound
                choices.append(Choice(instruction: choice.instruction, position: 0, rest: left))
            }
            return true
        }
        return false
    }
}
