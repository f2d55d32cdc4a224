import Core
import Foundation
import Glibc
import Model
import Records
import Review
import Store
import System

/// Measures commands that read results, each as a separate process.
struct CommandMeasurement {
    let store: String
    let ci: String

    func run() throws {
        let results = try DeploymentResults(store: Store(opening: store), deployment: nil)
        let failed = try results.states(picked: [Selector(parsing: "outcome:failure")]).filter { $0.log != nil }
        let cell = failed.first?.cell.description ?? "*"
        row("command", "CPU s, least and median of 9", "memory, MiB", "lines")
        row("---", "---", "---", "---")
        let newest =
            try RunRecords(of: results.header.deployment, in: results.store).newest(limit: 1).first?.number ?? 1
        let (first, before, last) = ("1", "\(max(1, newest - 1))", "\(newest)")
        for words in [
            ["--version"], ["log", cell], ["show", cell], ["history", cell], ["results"], ["diff", before, last],
            ["diff", first, last], ["gate"], ["gate", "--base", before], ["status"], ["show", last],
            ["show", "causes"],
            ["show", failed.first?.cell.package.name ?? "*"], ["mine", "*"], ["bisect", cell], ["explain", cell],
            ["results", "outcome:failure"], ["results", "--format", "json"], ["results", "--all"],
        ] {
            try measure(words)
        }
    }

    private func measure(_ words: [String]) throws {
        let runs = try (0..<9).map { _ in try run(words) }.sorted { $0.usage.seconds < $1.usage.seconds }
        row(
            "`ci \(words.joined(separator: " "))`", "\(runs[0].usage.seconds.short) / \(runs[4].usage.seconds.short)",
            "\(runs.map(\.usage.memory).max() ?? 0)", "\(runs[0].lines)")
    }

    private func run(_ words: [String]) throws -> (usage: Usage, lines: Int) {
        let output = "\(NSTemporaryDirectory())review-benchmark-\(getpid())"
        defer { unlink(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let arguments = [ci] + words + ["--store", store]
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawn(&process, ci, &actions, nil, &pointers, environ) == 0 else {
            throw Failure(.unavailable, "'\(ci)' cannot be started")
        }
        var (status, usage): (Int32, rusage) = (0, rusage())
        wait4(process, &status, 0, &usage)
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        return (Usage(usage), text.count { $0 == "\n" })
    }
}
