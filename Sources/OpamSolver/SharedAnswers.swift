/// Answers that were found in some targets, for solvers of further targets to take over.
///
/// Most requests have the same answer with another operating system, and many with another compiler. An answer rests on
/// the rules of a few names only, and of each only on those of its best versions: a search that takes the second version
/// of a name never asks what the tenth would need. How far down it looked is its *reach*. Two targets are compared
/// once, after their beginnings are decided and put into the rules (``Remainder``): for each name, down to which version
/// they are the same. An answer whose reach is nowhere greater than that is also found in the other target, since every
/// step that led to it can be made there: each version that it takes is there with the same needs, and each better one
/// that it does not take is ruled out by the same facts.
///
/// What is taken over has the verdict and the selection that solving alone would give. Its `examined` may name others,
/// equally right ones; its effort is 0.
public struct SharedAnswers: Sendable {
    private(set) var targets: [TargetAnswers] = []

    public init() {}

    /// The ranks that a solver of another target has used.
    func ranks(_ universe: Universe, _ preference: VersionPreference) -> CandidateRanks? {
        for target in targets where target.universe == universe {
            for group in target.groups where group.beginning.preference == preference { return group.remainder.ranks }
        }
        return nil
    }

    /// Adds what a solver has found: ``Solver/answers``.
    public mutating func add(_ answers: TargetAnswers) {
        targets.append(answers)
    }
}

/// What was found in one target.
public struct TargetAnswers: Sendable {
    let universe: Universe
    private(set) var groups: [AnswerGroup]

    init(_ universe: Universe, _ groups: [AnswerGroup]) {
        self.universe = universe
        self.groups = groups
    }

    /// Takes up what another solver of the same target has found.
    public mutating func merge(_ other: TargetAnswers) {
        for group in other.groups {
            if let index = groups.firstIndex(where: { $0.beginning == group.beginning }) {
                groups[index].answers.merge(group.answers) { first, _ in first }
            } else {
                groups.append(group)
            }
        }
    }
}

/// The answers to requests with one beginning.
struct AnswerGroup: Sendable {
    let beginning: Request
    let remainder: Remainder
    var answers: [Question: RestAnswer]
}

/// The last root of a request: some versions of a name.
struct Question: Hashable, Sendable {
    let versions: VersionSet.PackageRange
}

/// The part of an answer that comes after the beginning.
struct RestAnswer: Sendable {
    /// In the order of a selection; nil where there is no solution.
    let selection: [Universe.PackageID]?
    /// The names examined, increasing.
    let names: [Universe.NameID]
    /// How far down each of them was looked at.
    let reach: [Int32]

    /// Whether the search for the answer would end the same way where names differ from `differences` on.
    func holds(_ differences: [Int32], in remainder: Remainder) -> Bool {
        for index in names.indices where reach[index] > differences[Int(names[index])] { return false }
        return selection != nil || !names.contains { remainder.isNarrowed(at: $0) }
    }
}

/// Answers from other targets that may hold in one.
struct AnswersFromElsewhere: Sendable {
    private var groups: [(answers: [Question: RestAnswer], differences: [Int32])] = []

    /// - Parameter remainder: What requests with this beginning leave in the target.
    init(_ shared: SharedAnswers, _ universe: Universe, _ beginning: Request, _ remainder: Remainder) {
        let known = shared.targets.filter { $0.universe == universe }.flatMap(\.groups)
            .filter { $0.beginning.preference == beginning.preference }
        // Comparing costs about as much as twenty answers. Of another compiler, one target knows nearly all that helps.
        var others: [AnswerGroup] = []
        for group in known where group.beginning != beginning {
            if let index = others.firstIndex(where: { $0.beginning == group.beginning }) {
                if others[index].answers.count < group.answers.count { others[index] = group }
            } else {
                others.append(group)
            }
        }
        for group in known.filter({ $0.beginning == beginning }) + others {
            groups.append((group.answers, remainder.firstDifferences(from: group.remainder)))
        }
    }

    func answer(to question: Question, in remainder: Remainder) -> RestAnswer? {
        for group in groups {
            if let answer = group.answers[question], answer.holds(group.differences, in: remainder) { return answer }
        }
        return nil
    }
}
