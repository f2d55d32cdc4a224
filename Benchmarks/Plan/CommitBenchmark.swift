import Core
import Foundation
import Git
import Model
import Store

/// Plans one commit of a repository after the other by the built `ci`, as a user would: the times include the start of
/// the process, the plugins and the store.
struct CommitBenchmark {
    /// A bare repository of opam packages.
    let repository: String
    /// The program.
    let ci: String
    /// The matrix, in which the path of the repository is replaced.
    let matrix: String
    /// How many commits are planned after the first.
    let count: Int
    /// Whether each commit is also planned from scratch, and the trees are compared.
    let isChecked: Bool
    /// Holds everything that is written; removed at the end.
    private let directory = FileManager.default.temporaryDirectory.appending(path: "commits-\(getpid())").path
    private var copy: String { "\(directory)/repository.git" }

    /// One run of `ci plan`.
    struct Run {
        /// Seconds.
        var wall: Double
        var processor: Double
        /// MiB.
        var memory: Int
        /// The lines that it printed.
        var lines: [Substring]
    }

    func run() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: repository, toPath: copy)
        try writeMatrix()
        let commits = try git("rev-list", "--first-parent", "-n", "\(count + 1)", "master").split(separator: "\n")
        var times: [Run] = []
        for (number, commit) in commits.reversed().enumerated() {
            let run = try plan(String(commit), in: "store", cache: "cache")
            if number == 0 {
                show("first, nothing cached", run)
            } else {
                times.append(run)
            }
            if isChecked { try check(String(commit), number) }
        }
        show("again, nothing changed", try plan(String(commits[0]), in: "store", cache: "cache"))
        report(times)
        let dune = try commitOfDune(over: String(commits[0]))
        show("a new version of dune", try plan(dune, in: "store", cache: "cache"))
        show("the same from scratch, universe cached", try plan(dune, in: "other", cache: "cache"))
        show("the same from scratch, nothing cached", try plan(dune, in: "third", cache: "empty"))
    }

    // MARK: Runs

    private func plan(_ commit: String, in store: String, cache: String) throws -> Run {
        _ = try git("update-ref", "refs/heads/master", commit)
        var before = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &before)
        let start = ContinuousClock.now
        let output = try execute(
            [
                ci, "plan", "\(directory)/matrix.yaml", "--store", "\(directory)/\(store)", "--cache",
                "\(directory)/\(cache)",
            ])
        let wall = (ContinuousClock.now - start) / .seconds(1)
        var after = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &after)
        return Run(
            wall: wall, processor: seconds(after) - seconds(before), memory: after.ru_maxrss / 1024,
            lines: output.split(separator: "\n"))
    }

    private func check(_ commit: String, _ number: Int) throws {
        _ = try plan(commit, in: "fresh-\(number)", cache: "fresh-\(number).cache")
        let trees = try ["store", "fresh-\(number)"].map { store in
            let store = try Store(opening: "\(directory)/\(store)")
            let branch = try store.branches().first { !$0.name.contains("/") }
            return try branch.map { try store.snapshot($0).tree.hex } ?? "no plan"
        }
        for rest in ["fresh-\(number)", "fresh-\(number).cache"] {
            try FileManager.default.removeItem(atPath: "\(directory)/\(rest)")
        }
        let isEqual = trees[0] == trees[1]
        print("\(number) \(commit): \(isEqual ? "equal" : "DIFFERENT") \(trees.joined(separator: " "))")
        fflush(nil)
    }

    private func seconds(_ usage: rusage) -> Double {
        [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    // MARK: Inputs of the plan

    private func writeMatrix() throws {
        let text = try String(contentsOfFile: matrix, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.contains("- url:") ? "  - path: \(copy)" : String(line)
        }
        try lines.joined(separator: "\n").write(toFile: "\(directory)/matrix.yaml", atomically: true, encoding: .utf8)
    }

    /// A commit with one more version of dune, on which nearly all packages depend.
    private func commitOfDune(over commit: String) throws -> String {
        let newest = try git("ls-tree", "--name-only", "\(commit):packages/dune").split(separator: "\n")
            .filter { $0.hasPrefix("dune.3") }.max { $0.compare($1, options: .numeric) == .orderedAscending }
        guard let newest else { throw Failure(.input, "'\(repository)' has no dune 3") }
        let index = ["GIT_INDEX_FILE": "\(directory)/index"]
        _ = try git("read-tree", commit, environment: index)
        let blob = try git("rev-parse", "\(commit):packages/dune/\(newest)/opam")
        _ = try git(
            "update-index", "--add", "--cacheinfo", "100644,\(blob),packages/dune/dune.3.999.0/opam",
            environment: index)
        let author = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"]
        return try git(
            "commit-tree", git("write-tree", environment: index), "-p", commit, "-m", "A new dune",
            environment: Dictionary(uniqueKeysWithValues: author.map { ($0, "benchmark") }))
    }

    private func git(_ words: String..., environment: [String: String] = [:]) throws -> String {
        try execute(["git", "--git-dir", copy] + words, environment: environment)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs a program and returns its output.
    private func execute(_ words: [String], environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(.unavailable, "\(words.joined(separator: " ")) failed")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Output

    private func show(_ name: String, _ run: Run) {
        let counts = run.lines.first { $0.contains(" cells, ") } ?? ""
        print(
            "\(name): \(milliseconds(run.wall)) wall, \(milliseconds(run.processor)) CPU, \(run.memory) MiB at most so far,",
            "\(counts)")
        fflush(nil)
    }

    private func report(_ runs: [Run]) {
        for (name, times) in [("wall", runs.map(\.wall)), ("CPU", runs.map(\.processor))] {
            let sorted = times.sorted()
            guard let least = sorted.first, let most = sorted.last else { return }
            let (median, most90) = (sorted[sorted.count / 2], sorted[sorted.count * 9 / 10])
            print(
                "\(runs.count) commits, \(name): least \(milliseconds(least)), median \(milliseconds(median)),",
                "nine in ten \(milliseconds(most90)), most \(milliseconds(most))")
        }
    }

    private func milliseconds(_ seconds: Double) -> String { "\(Int((seconds * 1000).rounded())) ms" }
}
