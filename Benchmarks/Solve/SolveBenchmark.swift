import Core
import Foundation
import OpamFormat
import OpamRepository
import OpamSolver

/// Loads a repository and solves its newest packages for several targets; prints the cost next to that of the
/// reference, and the digest of the answers.
///
/// `SolveBenchmark REPOSITORY [--every N] [--threads N] [--columns TARGET/COMPILER,…] [--alone]`. With `--every` only
/// each Nth package is solved, for one target: the fixed slice for counting instructions. With `--alone` each target is
/// compiled from scratch rather than from the one before.
@main
enum SolveBenchmark {
    /// CPU seconds of the reference on the same kind of machine: parsing, and all solves of one target.
    private static let reference = (parse: 6.7, solve: 825.0)
    private static let columns = "debian-12/5.3.0,freebsd-14/5.3.0,openbsd-7.7/5.3.0,archlinux/4.14.2"

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let location = arguments.first else {
            throw Failure(
                .input,
                "usage: SolveBenchmark REPOSITORY [--every N] [--threads N] [--columns T/C,…] [--alone]")
        }
        let every = number("--every", in: arguments)
        let threads = number("--threads", in: arguments) ?? ProcessInfo.processInfo.activeProcessorCount
        let cache = FileManager.default.temporaryDirectory.appending(path: "solve-benchmark-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: cache) }

        print("| what | wall s | CPU s | reference CPU s | ratio |\n|---|---|---|---|---|")
        var universe: Universe
        if every == nil {
            universe = try measured("load from git, nothing cached", reference.parse) {
                try load(location, cache: nil, threads)
            }
            universe = try measured("load and write the cache", nil) { try load(location, cache: cache, threads) }
            universe = try measured("load from the cache", nil) { try load(location, cache: cache, threads) }
        } else {
            universe = try load(location, cache: nil, threads)
        }
        let columns = (text("--columns", in: arguments) ?? columns).split(separator: ",").map(String.init)
        var digests: [String] = []
        var last: TargetUniverse?
        let isAlone = arguments.contains("--alone")
        for column in every == nil ? columns : Array(columns.prefix(1)) {
            let (name, compiler) = try parts(of: column)
            let target = try measured("view \(column)", nil) { try view(universe, name, compiler, like: last) }
            if !isAlone { last = target }
            let packages = target.newestAvailable.enumerated().filter { $0.offset % (every ?? 1) == 0 }.map(\.element)
            let resolutions = measured(
                "solve \(packages.count) for \(column)", every == nil ? reference.solve : nil
            ) {
                target.solve(requests(packages, target, compiler), threads: threads)
            }
            let steps = resolutions.map(\.steps)
            digests.append(
                "\(column): \(digest(packages, resolutions, target)), \(steps.reduce(0, +)) steps, "
                    + "\(steps.max() ?? 0) at most")
        }
        print("\npeak memory \(peakMemory() / 1_024) MiB, \(threads) threads\n\(digests.joined(separator: "\n"))")
    }

    private static func number(_ option: String, in arguments: [String]) -> Int? {
        text(option, in: arguments).flatMap { Int($0) }.map { max(1, $0) }
    }

    private static func text(_ option: String, in arguments: [String]) -> String? {
        arguments.firstIndex(of: option).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    }

    private static func parts(of column: String) throws -> (target: String, compiler: Compiler) {
        let parts = column.split(separator: "/").map(String.init)
        guard parts.count == 2, let compiler = Compiler(parts[1]) else {
            throw Failure(.input, "'\(column)' is not a column, as debian-12/5.3.0")
        }
        return (parts[0], compiler)
    }

    // MARK: Work

    private static func load(_ location: String, cache: String?, _ threads: Int) throws -> Universe {
        var diagnostics: [Diagnostic] = []
        return try RepositorySet([location]).universe(cache: cache, threads: threads, &diagnostics)
    }

    private static func view(
        _ universe: Universe, _ name: String, _ compiler: Compiler, like other: TargetUniverse?
    ) throws -> TargetUniverse {
        guard var variables = TargetVariables(target: name) else {
            throw Failure(.input, "unknown target \(name)")
        }
        variables.set(compiler: compiler)
        return TargetUniverse(universe, variables: variables.values, like: other)
    }

    private static func requests(
        _ packages: [Universe.PackageID], _ target: TargetUniverse, _ compiler: Compiler
    ) -> [Request] {
        packages.map { package in
            let name = PackageName(unchecked: target.universe.name(target.universe.nameID(of: package)))
            let version = Version(unchecked: target.universe.version(of: package))
            return Request(Package(name: name, version: version), compiler: compiler.root)
        }
    }

    /// The digest of all answers: equal digests mean equal lines of `ci solve --format csv`.
    private static func digest(
        _ packages: [Universe.PackageID], _ resolutions: [Resolution], _ target: TargetUniverse
    ) -> Digest {
        var text = ""
        for (package, resolution) in zip(packages, resolutions) {
            let selection = resolution.selection?.map { target.universe.text(of: $0) }
            text += target.universe.text(of: package)
            text += selection.map { ",SAT,\"\($0.joined(separator: " "))\"\n" } ?? ",UNSAT,\n"
        }
        return Digest(of: text)
    }

    // MARK: Measures

    private static func measured<Result>(
        _ what: String, _ reference: Double?, _ body: () throws -> Result
    ) rethrows -> Result {
        let (wall, cpu) = (ContinuousClock.now, cpuSeconds())
        let result = try body()
        let (wallTime, cpuTime) = (ContinuousClock.now - wall, cpuSeconds() - cpu)
        let seconds = Double(wallTime.components.seconds) + Double(wallTime.components.attoseconds) / 1e18
        let ratio = reference.map { String(format: "%.0f | %.0f×", $0, $0 / cpuTime) } ?? " | "
        print(String(format: "| %@ | %.3f | %.3f | %@ |", what, seconds, cpuTime, ratio))
        return result
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(microseconds) / 1e6
    }

    /// The peak memory of this process, in KiB.
    private static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }
}
