import Core
import Foundation
import Git
import Matrix
import Model
import OpamFormat
import OpamRepository
import PlanSession
import Planner

/// Locks a unikernel, to measure the cost of selecting its sources. The repositories and their universe are loaded
/// before, as for each plan.
struct LockBenchmark {
    /// The opam file that `mirage configure` generated.
    let opamFile: String
    /// The repository of the switch, and the extra repositories, the one with the highest priority first.
    let repository: String
    let extra: [String]
    let target = "debian-12"
    let compiler: String

    func run() throws {
        let clock = Stopwatch()
        let inputs = try PlanBenchmark.inputs(
            repository, targets: target, compilers: compiler,
            packages: "unikernels: [{name: hello, source: ./hello, backends: [spt]}]")
        guard let pair = PlanInputs.pairs(of: inputs.matrix).first, let entry = inputs.matrix.unikernels.first else {
            return
        }
        let opened = try (extra + [repository]).map { try Repository($0) }
        var warnings: [Diagnostic] = []
        let source = try RepositorySource(
            RepositorySet(opened),
            repositories: zip(extra + [repository], opened).map {
                Plan.Repository(location: $0, commit: $1.commit?.description ?? "directory")
            }, cache: nil, warnings: &warnings)
        clock.lap("repositories")
        let text = try String(contentsOfFile: opamFile, encoding: .utf8)
        let configured = Planner.Configured(
            UnikernelPackage(
                entry: entry, variant: entry.variants[0], source: Source(url: "file:///hello"),
                configureFiles: PackageFiles(opam: [])), try OpamFile(parsing: text, file: opamFile))
        var answer: LockAnswer?
        for number in 1...10 {
            answer = try Planner(inputs).locks(of: [configured], for: pair, in: source, pinned: []).first
            clock.lap("lock \(number)")
        }
        switch answer {
        case .lock(let lock)?:
            let packages = lock.sources.flatMap(\.packages).sorted()
            print("\(packages.count) packages in \(lock.sources.count) sources")
            for package in packages { print(package) }
        case .obstacle(let reason, _)?: print(reason)
        case nil: break
        }
    }
}
