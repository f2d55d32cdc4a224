import Agent
import Core
import Engine
import Etcd
import Foundation
import HTTP
import Model
import Records
import RunnerInterface
import Store

/// Dispatches jobs that do nothing, and waits with idle workers, through an etcd.
struct EtcdBenchmark {
    private let endpoints: [String]
    private let http: HTTPSettings
    private let directory = FileManager.default.temporaryDirectory.appending(path: "network-benchmark.\(getpid())").path

    init(endpoints: [String], _ http: HTTPSettings) {
        (self.endpoints, self.http) = (endpoints, http)
    }

    private func values() -> EtcdEphemeralValues {
        EtcdEphemeralValues(EtcdSettings(endpoints: endpoints, http: http))
    }

    private func registration(_ slots: Int) -> WorkerRegistration {
        WorkerRegistration(
            name: "benchmark", host: "", version: "", slots: slots, backlog: slots, cache: "", since: 0)
    }

    private func run(_ store: Store, _ plan: Plan) -> DeploymentRun {
        DeploymentRun(store: store, plan: plan, runner: NullRunner(), registration: registration(0))
    }

    /// Jobs without dependencies, each of which decides a cell of a target.
    private func plan(_ jobs: Int, target name: String) -> Plan {
        let plugin = Job.Plugin(name: "null", version: "1", digest: Digest(of: "null"))
        let target = Plan.Target(
            name: name, plugin: plugin, distribution: "t", version: nil, architecture: "x86_64", systemCompiler: false,
            options: [:], variables: [:], environment: Digest(of: "environment"), required: true)
        var all: [Digest: Job] = [:]
        var cells: [PlannedCell] = []
        for number in 0..<jobs {
            let package = PackageVersion(name: "p\(number)", version: "1")
            let job = Job(
                kind: .build, package: package, opam: PackageFiles(opam: []).digest, inputs: [], compiler: "5",
                environment: target.environment, plugin: plugin)
            let id = Digest(of: job.document)
            all[id] = job
            let cell = Cell(target: name, compiler: "5", package: package)
            cells.append(PlannedCell(cell: cell, basis: .jobs(build: id, test: nil)))
        }
        return Plan(deployment: "d", repositories: [], targets: [target], cells: cells, jobs: all)
    }

    private func store() throws -> Store {
        var options = StoreOptions()
        options.coordination = values()
        return try Store(at: directory, options: options)
    }

    func runJobs(_ jobs: Int, workers: Int) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try store()
        let agents = try (0..<workers).map { _ in
            try WorkerAgent(
                WorkerAgent.Environment(
                    values: DispatchValues(values()), blobs: store.objects, runner: NullRunner()), registration(4))
        }
        let began = ContinuousClock.now
        let processor = NetworkBenchmark.cpuTime
        try await run(store, plan(jobs, target: "t")).run(files: { _ in PackageFiles(opam: []) }, observe: { _ in })
        let seconds = began.duration(to: .now) / .seconds(1)
        print(
            "\(jobs) jobs, \(workers) workers: \(Int(Double(jobs) / seconds)) jobs/s, "
                + String(
                    format: "%.2f ms of CPU a job (dispatcher and workers)",
                    (NetworkBenchmark.cpuTime - processor) * 1000 / Double(jobs)))
        for agent in agents { agent.drain() }
        for agent in agents { await agent.end() }
    }

    /// The workers are registrations with one lease, kept alive by another process: workers renew their leases by
    /// requests to etcd, of which the dispatcher learns nothing.
    func idle(workers: Int) async throws {
        if CommandLine.arguments.last == "registrations" {
            let values = DispatchValues(values())
            let owner = try values.values.join("worker")
            for number in 0..<workers {
                try values.set(registration(1), at: DispatchValues.worker("\(owner.id).\(number)"), owner: owner)
            }
            // `print` would keep the line in a buffer, because the output is a pipe.
            try FileHandle.standardOutput.write(contentsOf: Data("registered\n".utf8))
            try await Task.sleep(for: .seconds(600))
            return withExtendedLifetime(owner) {}
        }
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        program.arguments = CommandLine.arguments.dropFirst() + ["registrations"]
        let output = Pipe()
        program.standardOutput = output
        try program.run()
        defer { program.terminate() }
        _ = output.fileHandleForReading.availableData
        let store = try store()
        let work = Task {
            try await run(store, plan(1, target: "nowhere")).run(
                files: { _ in PackageFiles(opam: []) }, observe: { _ in })
        }
        try await Task.sleep(for: .seconds(10))
        let (began, processor) = (ContinuousClock.now, NetworkBenchmark.cpuTime)
        try await Task.sleep(for: .seconds(40))
        let share = (NetworkBenchmark.cpuTime - processor) / (began.duration(to: .now) / .seconds(1))
        let registered = try DispatchValues(store.ephemeral).values.values(below: DispatchValues.workers).count - 1
        print("\(registered) idle workers: " + String(format: "%.2f %% of a core in the dispatcher", share * 100))
        work.cancel()
        _ = try? await work.value
    }
}

/// Ends each job at once.
private struct NullRunner: JobRunner {
    func holds(layer: Digest) -> Bool { true }

    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
        var report = JobReport(outcome: .success, duration: 0)
        report.layer = Digest(of: request.id.hex)
        return report
    }
}
