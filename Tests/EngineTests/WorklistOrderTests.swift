import Core
import Model
import Scheduler
import Testing

@testable import Engine

/// The order of the jobs of a plan: the schedule, changed cells, the number of unblocked cells, the longest chain.
@Suite struct WorklistOrderTests {
    /// A plan of packages that depend on each other, on one target; each is a cell except those in `hidden`.
    private struct Fixture {
        var inputs: [(name: String, over: [String])]
        var priorities: [String: Int] = [:]
        var changed: Set<String> = []
        var known: Set<String> = []
        var hidden: Set<String> = []
        var seconds: [String: Double] = [:]

        /// The names in the order in which one worker builds them.
        func order() throws -> [String] {
            var jobs: [Digest: Job] = [:]
            var ids: [String: Digest] = [:]
            var names: [Digest: String] = [:]
            let plugin = Job.Plugin(name: "p", version: "1", digest: Digest(of: "p"))
            for (name, over) in inputs {
                let job = Job(
                    kind: .build, package: PackageVersion(name: name, version: "1"), opam: Digest(of: name),
                    inputs: over.compactMap { ids[$0] }.sorted(), compiler: "5", environment: Digest(of: "e"),
                    plugin: plugin)
                let id = try CanonicalJSON.digest(of: job)
                jobs[id] = job
                ids[name] = id
                names[id] = name
            }
            let target = Plan.Target(
                name: "t", plugin: plugin, distribution: "t", version: nil, architecture: "x86_64",
                systemCompiler: false, options: [:], variables: [:], environment: Digest(of: "e"), required: true)
            let cells = inputs.map(\.name).filter { !hidden.contains($0) }.map { name in
                PlannedCell(
                    cell: Cell(target: "t", compiler: "5", package: PackageVersion(name: name, version: "1")),
                    basis: .jobs(build: ids[name]!, test: nil), priority: priorities[name] ?? 0)
            }
            let worklist = RunWorklist(
                plan: Plan(deployment: "d", repositories: [], targets: [target], cells: cells, jobs: jobs),
                wanted: { _ in true }, recorded: { _ in nil },
                known: { id in
                    names[id].flatMap { name in
                        known.contains(name)
                            ? CellResult(
                                cell: Cell(
                                    target: "t", compiler: "5", package: PackageVersion(name: name, version: "1")),
                                job: id, outcome: .success, repositories: []) : nil
                    }
                },
                seconds: { seconds[$0.package.name] ?? 1 },
                isChanged: { changed.contains($0.package.name) })
            var dispatch = RunDispatch(worklist)
            var order: [String] = []
            _ = dispatch.register(0, .init(slots: 1), at: .zero)
            var actions = dispatch.start()
            actions.removeAll { if case .worker(.assign) = $0 { false } else { true } }
            while case .worker(.assign(_, let number, let token)) = actions.popLast() {
                order.append(names[dispatch.jobs[number]]!)
                _ = dispatch.handle(.worker(.reported(job: number, token: token, at: .seconds(order.count))))
                actions = dispatch.handle(.recorded(number, .success, at: .seconds(order.count)))
                actions.removeAll { if case .worker(.assign) = $0 { false } else { true } }
            }
            return order
        }
    }

    @Test func jobsThatUnblockMostAreFirst() throws {
        let fixture = Fixture(inputs: [("few", []), ("many", []), ("x", ["few"]), ("y", ["many"]), ("z", ["many"])])
        #expect(try fixture.order().first == "many")
    }

    @Test func onlyRemainingJobsCount() throws {
        let fixture = Fixture(
            inputs: [("few", []), ("many", []), ("x", ["few"]), ("y", ["many"]), ("z", ["many"])], known: ["y", "z"])
        #expect(try fixture.order().first == "few")
    }

    @Test func inputsCountByTheCellsThatNeedThem() throws {
        let fixture = Fixture(
            inputs: [("base", []), ("middle", ["base"]), ("a", ["middle"]), ("b", ["middle"]), ("lone", [])],
            hidden: ["base", "middle"])
        #expect(try fixture.order().prefix(2) == ["base", "middle"])
    }

    @Test func changedJobsPrecedeJobsThatUnblockMore() throws {
        let fixture = Fixture(
            inputs: [("few", []), ("many", []), ("x", ["few"]), ("y", ["many"]), ("z", ["many"])], changed: ["x"])
        #expect(try fixture.order().prefix(2) == ["few", "x"], "and so is what it is built over")
    }

    @Test func theScheduleIsBeforeWhatHasChanged() throws {
        let fixture = Fixture(
            inputs: [("plain", []), ("changed", []), ("urgent", []), ("late", [])],
            priorities: ["urgent": 1, "late": -1], changed: ["changed", "late"])
        #expect(try fixture.order() == ["urgent", "changed", "plain", "late"])
    }

    @Test func amongEqualsTheLongestIsFirst() throws {
        let fixture = Fixture(inputs: [("short", []), ("long", [])], seconds: ["long": 60])
        #expect(try fixture.order() == ["long", "short"])
    }
}
