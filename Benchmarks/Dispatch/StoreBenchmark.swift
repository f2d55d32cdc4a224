import Agent
import Core
import Engine
import Foundation
import Model
import Records
import RunnerInterface
import Store
import Synchronization

/// Measures the cost of dispatching and recording: runs a plan on a real store with workers that do nothing.
struct StoreBenchmark {
    let jobs: Int
    let workers: Int
    let slots: Int
    /// Whether each job depends on the one before.
    var isChain = false

    func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "dispatch-benchmark.\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try Store(at: directory)
        let plan = makePlan()
        let runner = NullRunner()
        var programs: [Process] = []
        for _ in 0..<workers { programs.append(try Self.startWorker(store: directory, slots: slots)) }
        defer { for program in programs { program.terminate() } }
        let own = WorkerRegistration(
            name: "benchmark", host: "", version: "", deployment: "d", slots: workers == 0 ? slots : 0, cache: "",
            since: 0)
        let run = DeploymentRun(store: store, plan: plan, runner: runner, registration: own)
        let recorded = Mutex<[Digest: ContinuousClock.Instant]>([:])
        let before = MachineBenchmark.residentBytes
        let pending = Mutex<Int?>(nil)
        let began = ContinuousClock.now
        let processor = clock()
        try await run.run(
            files: { _ in PackageFiles(opam: []) },
            observe: { event in
                switch event {
                case .recorded(let result): if let job = result.job { recorded.withLock { $0[job] = .now } }
                case .started:
                    pending.withLock { if $0 == nil { $0 = MachineBenchmark.residentBytes - before } }
                default: break
                }
            })
        let tidied = began.duration(to: .now) / .seconds(1)
        // Then the store is repacked.
        let last = recorded.withLock { $0.values.max() } ?? .now
        let seconds = began.duration(to: last) / .seconds(1)
        let milliseconds = Double(clock() - processor) / 1000 / Double(jobs)
        let commits = try Self.commits(in: directory)
        print(
            "\(jobs) jobs, \(workers == 0 ? "in one process" : "\(workers) worker processes"), \(slots) slots each: "
                + "\(Int(Double(jobs) / seconds)) jobs/s, "
                + String(format: "%.2f ms of CPU a job in the dispatcher, ", milliseconds)
                + "\(commits) results recorded in \(String(format: "%.1f s, tidied after %.1f s", seconds, tidied)), "
                + "\((pending.withLock { $0 } ?? 0) / jobs) bytes a pending job")
        if isChain { report(runner.starts, recorded.withLock { $0 }, plan) }
    }

    /// Prints the delays between the verdict on a job and the start of a dependent job.
    private func report(
        _ starts: [Digest: ContinuousClock.Instant], _ recorded: [Digest: ContinuousClock.Instant], _ plan: Plan
    ) {
        let delays = plan.jobs.compactMap { id, job -> Double? in
            guard let start = starts[id], let input = job.inputs.first, let verdict = recorded[input] else {
                return nil
            }
            return verdict.duration(to: start) / .milliseconds(1)
        }.sorted()
        guard !delays.isEmpty else { return }
        func percentile(_ share: Double) -> String {
            String(format: "%.1f ms", delays[min(delays.count - 1, Int(Double(delays.count) * share))])
        }
        print("verdict to start: median \(percentile(0.5)), p99 \(percentile(0.99)), most \(percentile(1))")
    }

    /// Ten columns on five targets; each has families of a hundred jobs that depend on fifty shared jobs. Each job
    /// decides a cell.
    private func makePlan() -> Plan {
        let plugin = Job.Plugin(name: "null", version: "1", digest: Digest(of: "null"))
        var all: [Digest: Job] = [:]
        var cells: [PlannedCell] = []
        let targets = (0..<(isChain ? 1 : 5)).map { number in
            Plan.Target(
                name: "t\(number)", plugin: plugin, distribution: "t", version: nil, architecture: "x86_64",
                systemCompiler: false, options: [:], variables: [:], environment: Digest(of: "environment \(number)"),
                required: true)
        }
        let columns = targets.flatMap { target in (isChain ? ["5"] : ["4", "5"]).map { (target, $0) } }
        for (target, compiler) in columns {
            var ids: [Digest] = []
            for number in 0..<(jobs / columns.count) {
                let package = PackageVersion(name: "p\(number)", version: "1")
                let job = Job(
                    kind: .build, package: package, opam: PackageFiles(opam: []).digest,
                    inputs: inputs(of: number, ids), compiler: compiler, environment: target.environment, plugin: plugin
                )
                let id = Digest(of: job.document)
                ids.append(id)
                all[id] = job
                let cell = Cell(target: target.name, compiler: compiler, package: package)
                cells.append(PlannedCell(cell: cell, basis: .jobs(build: id, test: nil)))
            }
        }
        cells.sort { $0.cell < $1.cell }
        return Plan(deployment: "d", repositories: [], targets: targets, cells: cells, jobs: all)
    }

    private func inputs(of number: Int, _ ids: [Digest]) -> [Digest] {
        if isChain { return ids.last.map { [$0] } ?? [] }
        var inputs: Set<Digest> = []
        if number >= 50 { inputs.insert(ids[number * 7 % 50]) }
        if number % 100 > 1 {
            inputs.insert(ids[number - 1 - number * 31 % (number % 100)])
            inputs.insert(ids[number - 1 - number * 17 % (number % 100)])
        }
        return inputs.sorted()
    }

    private static func commits(in directory: String) throws -> Int {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        program.arguments = ["-C", directory, "rev-list", "--count", "--glob=refs/heads/results/d/*"]
        let output = Pipe()
        program.standardOutput = output
        try program.run()
        program.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    // MARK: Workers in separate processes

    private static func startWorker(store: String, slots: Int) throws -> Process {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        program.arguments = ["worker", store, "\(slots)"]
        try program.run()
        return program
    }

    /// A worker that does nothing, until it is killed.
    static func work(store path: String, slots: Int) async throws {
        let store = try WorkerStore(opening: path)
        let registration = WorkerRegistration(
            name: "null worker", host: "", version: "", slots: slots, backlog: slots, cache: "", since: 0)
        let agent = try WorkerAgent(
            WorkerAgent.Environment(
                values: DispatchValues(store.ephemeral), blobs: store.objects, runner: NullRunner()), registration)
        await agent.end()
    }
}

/// Ends each job at once with a separate layer.
private final class NullRunner: JobRunner {
    private let state = Mutex<[Digest: ContinuousClock.Instant]>([:])

    /// When each job began.
    var starts: [Digest: ContinuousClock.Instant] { state.withLock { $0 } }

    func holds(layer: Digest) -> Bool { true }

    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
        state.withLock { $0[request.id] = .now }
        var report = JobReport(outcome: .success, duration: 0)
        report.layer = Digest(of: request.id.hex)
        return report
    }
}
