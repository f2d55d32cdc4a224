import Core
import Foundation
import Git
import Matrix
import Model
import OpamFormat
import OpamRepository
import OpamSolver
import PlanSession
import Planner
import YAML

/// Plans whole repositories without plugins, to measure the cost of planning itself; or plans commit after commit by
/// the built `ci`, and with `check` each from scratch too; or locks a unikernel.
///
///     PlanBenchmark REPOSITORY [TARGETS [COMPILERS]]
///     PlanBenchmark commits REPOSITORY CI MATRIX [COUNT [check]]
///     PlanBenchmark lock OPAM-FILE COMPILER REPOSITORY [EXTRA-REPOSITORY…]
@main
struct PlanBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let repository = arguments.first else {
            print("usage: PlanBenchmark REPOSITORY [TARGETS [COMPILERS]]")
            print("       PlanBenchmark commits REPOSITORY CI MATRIX [COUNT [check]]")
            print("       PlanBenchmark lock OPAM-FILE COMPILER REPOSITORY [EXTRA-REPOSITORY…]")
            return
        }
        let words = Array(arguments)
        if words.first == "commits", words.count >= 4 {
            return try CommitBenchmark(
                repository: words[1], ci: words[2], matrix: words[3],
                count: words.count > 4 ? Int(words[4]) ?? 160 : 160, isChecked: words.last == "check"
            ).run()
        }
        if words.first == "lock", words.count >= 4 {
            return try LockBenchmark(
                opamFile: words[1], repository: words[3], extra: Array(words.dropFirst(4)), compiler: words[2]
            ).run()
        }
        let targets = arguments.dropFirst().first ?? "debian-12,freebsd-14.2,openbsd-7.7,archlinux"
        let compilers = arguments.dropFirst(2).first ?? "5.3.0,4.14.2"
        let clock = Stopwatch()
        let inputs = try inputs(repository, targets: targets, compilers: compilers)
        clock.lap("repository")
        let planning = try await Planner(inputs).plan()
        clock.lap("plan")
        let unsolvable = planning.header.columns.reduce(0) { $0 + $1.cells.unsolvable }
        print("\(planning.header.cells) cells, \(unsolvable) unsolvable, \(planning.header.jobs) jobs")
    }

    static func inputs(
        _ repository: String, targets: String, compilers: String, packages: String = "packages: all"
    ) throws -> PlanInputs {
        let text = """
            deployment: benchmark
            repositories: [{path: "\(repository)"}]
            targets: [\(targets)]
            compilers: [\(compilers)]
            \(packages)
            """
        let matrix = try MatrixFile(SourceText(file: "benchmark.yaml", bytes: Array(text.utf8)))
        var profiles: [PlanInputs.ProfileKey: TargetProfile] = [:]
        for (key, target) in PlanInputs.profileKeys(of: matrix) {
            guard let variables = TargetVariables(target: key.target) else { continue }
            let values = Dictionary(
                uniqueKeysWithValues: variables.values.filter { $0.key.scope == .global }.map {
                    ($0.key.name, $0.value.text)
                })
            profiles[key] = TargetProfile(
                target: Plan.Target(
                    name: key.target, plugin: Job.Plugin(name: key.target, version: "0", digest: Digest(of: "plugin")),
                    distribution: key.target, version: nil, architecture: "x86_64", systemCompiler: false, options: [:],
                    variables: values, environment: Digest(of: key.target), required: target.isRequired)
            ) { names in Dictionary(uniqueKeysWithValues: names.map { ($0, [$0]) }) }
        }
        let opened = try Repository(repository)
        var warnings: [Diagnostic] = []
        let source = try RepositorySource(
            RepositorySet([opened]),
            repositories: [Plan.Repository(location: repository, commit: opened.commit?.description ?? "directory")],
            cache: nil,
            warnings: &warnings)
        var sources: [[Int]: any PackageSource] = [:]
        for (target, compiler) in PlanInputs.pairs(of: matrix) {
            sources[PlanInputs.stack(of: matrix, target: target, compiler: compiler)] = source
        }
        return PlanInputs(
            matrix: matrix, profiles: profiles, sources: sources,
            today: CalendarDate(daysSince1970: 20_000))
    }
}

/// Prints the time of each part of a run.
final class Stopwatch {
    private var last = ContinuousClock.now
    private var processor = Stopwatch.processorSeconds()

    /// Prints wall and CPU seconds since the last call, and the peak memory so far.
    func lap(_ name: String) {
        let now = ContinuousClock.now
        let used = Self.processorSeconds()
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let wall = (now - last).formatted(.units(allowed: [.milliseconds]))
        print("\(name): \(wall) wall, \(Int((used - processor) * 1000)) ms CPU, \(usage.ru_maxrss / 1024) MiB at most")
        last = ContinuousClock.now
        processor = Self.processorSeconds()
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
