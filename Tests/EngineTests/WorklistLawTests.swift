import Core
import Model
import Scheduler
import TestSupport
import Testing

@testable import Engine

/// Compares the jobs of a worklist, for all recorded states, with a model; no job can start before all its inputs have
/// a layer.
@Suite struct WorklistLawTests {
    private enum Record: CaseIterable {
        case none, success, lost, failure
        /// Executed upon other layers than those of the inputs now.
        case staleSuccess, staleFailure
    }

    /// The rules of the worklist.
    private struct Model {
        let fixture: JobGraphFixture
        let records: [String: Record]
        let wanted: Set<String>

        enum State { case unknown, success, lost, failure, blocked }

        func state(_ name: String) -> State {
            let below = fixture.below(name).map(state)
            if below.contains(.failure) { return .blocked }
            let isComparable = below.allSatisfy { $0 == .success || $0 == .lost }
            switch records[name] ?? .none {
            case .none: return .unknown
            case .success: return .success
            case .lost: return .lost
            case .failure: return .failure
            case .staleSuccess: return isComparable ? .unknown : .success
            case .staleFailure: return isComparable ? .unknown : .failure
            }
        }

        /// Cells without a verdict, which nothing blocks.
        private var open: [String] { wanted.filter { state($0) == .unknown } }

        private func mustRun(_ name: String) -> Bool {
            if open.contains(name) { return true }
            return [.unknown, .lost].contains(state(name)) && isBelowOpen(name)
        }

        private func isBelowOpen(_ name: String) -> Bool { open.contains { fixture.below($0).contains(name) } }

        /// Whether the job runs, or its verdict is checked again.
        func isNode(_ name: String) -> Bool {
            mustRun(name)
                || state(name) == .success && isBelowOpen(name) && fixture.below(name).contains(where: mustRun)
        }
    }

    @Test func everyWorklistFollowsTheRules() throws {
        var random = SeededGenerator()
        for round in 0..<400 {
            let fixture = try JobGraphFixture(
                JobGraphFixture.randomGraph(Int.random(in: 1...9, using: &random), &random))
            let names = fixture.graph.map(\.name)
            let records = Dictionary(
                uniqueKeysWithValues: names.map { ($0, Record.allCases.randomElement(using: &random)!) })
            let wanted = Set(names.filter { _ in Int.random(in: 0..<3, using: &random) > 0 })
            let model = Model(fixture: fixture, records: records, wanted: wanted)
            let context: Comment = "seed \(random.seed), round \(round): \(fixture.graph) \(records) wanted \(wanted)"

            let worklist = worklist(of: fixture, records, wanted)
            let nodes = Set(worklist.nodes.compactMap { fixture.jobs[$0.id].map(fixture.name) })
            #expect(nodes == Set(names.filter(model.isNode)), context)
            for name in wanted {
                let settled = worklist.settled.first { $0.cell == fixture.cell(name) }
                let isDecided = worklist.cellsDecided[fixture.ids[name]!]?.map(\.cell) == [fixture.cell(name)]
                #expect(isDecided == nodes.contains(name), context)
                #expect((settled?.outcome == .blocked) == (model.state(name) == .blocked), context)
            }
            checkOrder(of: worklist, in: fixture, context)
        }
    }

    private func worklist(of fixture: JobGraphFixture, _ records: [String: Record], _ wanted: Set<String>)
        -> RunWorklist
    {
        var layers = InputLayers()
        var results: [Digest: CellResult] = [:]
        for (name, _) in fixture.graph {
            let id = fixture.ids[name]!
            let record = records[name] ?? .none
            guard record != .none else { continue }
            let hasFailed = record == .failure || record == .staleFailure
            var result = CellResult(
                cell: fixture.cell(name), job: id, outcome: hasFailed ? .failure : .success, repositories: [])
            let base = layers.base(of: fixture.jobs[id]!)
            result.base = [.staleSuccess, .staleFailure].contains(record) ? Digest(of: "other layers") : base
            if !hasFailed { result.layer = Digest(of: name) }
            if let layer = result.layer, let base, record != .staleSuccess { layers.set(layer, of: id, over: base) }
            results[id] = result
        }
        return RunWorklist(
            plan: fixture.plan(), wanted: { wanted.contains($0.cell.package.name) }, recorded: { _ in nil },
            known: { results[$0] }, holds: { layer in !records.contains { $1 == .lost && Digest(of: $0) == layer } })
    }

    /// Plays the worklist: at the start of each job everything below it has a layer.
    private func checkOrder(of worklist: RunWorklist, in fixture: JobGraphFixture, _ context: Comment) {
        var done = Set(worklist.known.filter { $0.value.layer != nil }.keys)
        var dispatch = RunDispatch(worklist)
        _ = dispatch.register(0, .init(slots: 2), at: .zero)
        var open = dispatch.start()
        while let action = open.popLast() {
            guard case .worker(.assign(_, let number, let token)) = action else { continue }
            let id = dispatch.jobs[number]
            guard let job = fixture.jobs[id] else { continue }
            for input in fixture.below(fixture.name(of: job)) {
                #expect(done.contains(fixture.ids[input]!), "\(fixture.name(of: job)) before \(input): \(context)")
            }
            done.insert(id)
            _ = dispatch.handle(.worker(.reported(job: number, token: token, at: .zero)))
            open += dispatch.handle(.recorded(number, .success, at: .zero))
        }
        #expect(dispatch.dispatcher.isFinished, context)
    }
}
