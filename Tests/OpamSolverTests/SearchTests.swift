import Testing

@testable import OpamSolver

@Suite("The search")
struct SearchTests {
    /// The selection of `search` for `root`, in the order of the traversal.
    private func walk(_ search: inout Search, from root: Candidate) -> [Candidate]? {
        search.reset()
        guard search.run(from: root, budget: 100_000) == .solved else { return nil }
        return [root] + search.walk.visited.map { search.selected[$0.index] }
    }

    @Test("agrees with listing every solution, and a cleared search is as good as a new one")
    func agreesWithOracle() {
        var solved = 0
        for seed in 0..<3_000 as Range<UInt64> {
            let random = RandomProblem(seed: seed)
            var search = Search(random.problem)
            let expected = ExhaustiveSolver(problem: random.problem, root: random.root).walk()
            #expect(walk(&search, from: random.root) == expected, "seed \(seed)")
            #expect(walk(&search, from: random.root) == expected, "seed \(seed), second time")
            solved += expected == nil ? 0 : 1
        }
        #expect((600...2_400).contains(solved), "the generator should give both kinds: \(solved) solved")
    }

    /// Large enough for going back by one decision among many, and for learning about several versions at once.
    @Test func agreesWithTryingEverythingInOrder() {
        var (solved, unsolvable) = (0, 0)
        for seed in 0..<2_000 as Range<UInt64> {
            let random = RandomProblem(seed: seed, names: 8...24, versions: 6)
            var plain = PlainWalk(problem: random.problem)
            guard let expected = plain.walk(from: random.root) else { continue }
            var search = Search(random.problem)
            #expect(walk(&search, from: random.root) == expected, "seed \(seed)")
            solved += expected == nil ? 0 : 1
            unsolvable += expected == nil ? 1 : 0
        }
        #expect(solved > 400 && unsolvable > 400, "\(solved) solved, \(unsolvable) not")
    }

    @Test("reports a spent budget as such")
    func budget() {
        let random = RandomProblem(seed: 1)
        var search = Search(random.problem)
        #expect(search.run(from: random.root, budget: 0) == .budgetExhausted)
    }
}
