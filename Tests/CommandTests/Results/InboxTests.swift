import Core
import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

/// Pushes of other programs to a store with plain git.
@Suite struct InboxTests {
    private let fixture: RecordedStore
    private let cell: Cell
    private let job: Digest
    private let log = Array("=== built elsewhere\n".utf8)

    init() async throws {
        fixture = try await RecordedStore(["good": .success])
        let planned = try #require(
            try PlanStore(Store(opening: fixture.path)).documents("small").cells().first {
                $0.cell.package.name == "waiting"
            })
        cell = planned.cell
        guard case .jobs(let build, let test) = planned.basis else { throw CocoaError(.coderInvalidValue) }
        job = test ?? build
        try fixture.directory.shell(
            "git init -q lab && git -C lab config user.name Lab && git -C lab config user.email lab@example.org")
    }

    private func result(_ change: (inout CellResult) -> Void = { _ in }) throws -> String {
        var result = CellResult(cell: cell, job: job, outcome: .success, repositories: ["0123"])
        result.log = Digest(of: log)
        result.finished = 1000
        change(&result)
        return String(decoding: try CanonicalJSON.encode(result), as: UTF8.self)
    }

    private var resultPath: String { "results/small/debian-12/\(ResultPath.cell(cell))" }
    private var logPath: String { "logs/\(Digest(of: log))" }

    /// Pushes files that replace all earlier ones.
    private func push(_ files: [String: String]) throws {
        try fixture.directory.shell("git -C lab rm -rqf --ignore-unmatch .")
        for (name, text) in files { try fixture.directory.write(text, to: "lab/\(name)") }
        try fixture.directory.shell(
            "git -C lab add -A && git -C lab commit -q --allow-empty -m push && git -C lab push -q ../store HEAD:refs/heads/inbox/lab"
        )
    }

    private func reply() throws -> Inbox.Reply {
        let store = try Store(opening: fixture.path)
        return try #require(try store.snapshot(Branch("replies/lab")).value(Inbox.Reply.self, at: "reply.json"))
    }

    @Test func aResultWithItsLogIsMerged() throws {
        try push([resultPath: try result(), logPath: String(decoding: log, as: UTF8.self)])
        let merged = try fixture.run("inbox")
        #expect(merged.status == 0 && merged.output == "inbox/lab: merged 1 result and 1 log\n", "\(merged)")
        #expect(try fixture.run("results", "waiting").status == 0)
        #expect(try fixture.run("log", "waiting").output.contains("built elsewhere"))
        #expect(try fixture.run("store", "verify").status == 0)
        #expect(try reply().problems == [] && reply().results == 1)
        #expect(try fixture.run("inbox").output == "", "nothing is merged twice")
        let summary = try fixture.run("plan", "matrix.yaml")
        #expect(summary.status == 0, "an inbox is no deployment: \(summary.messages)")
    }

    /// A push with any error: nothing of it is merged, the answer contains the reason, and a corrected push is merged.
    @Test(arguments: [
        "path", "cell", "plan", "form", "log name", "no log", "job", "job of another", "size", "link", "submodule",
        "name", "depth",
    ])
    func aPushWithAProblemIsRefusedAsAWhole(problem: String) throws {
        let good = [resultPath: try result(), logPath: String(decoding: log, as: UTF8.self)]
        var files = good
        let other = resultPath.replacing("waiting/dev", with: "good/1")
        switch problem {
        case "path": files["notes.txt"] = "x"
        case "cell": files[other] = try result()
        case "plan": files[resultPath.replacing("small", with: "large")] = try result()
        case "form": files[other] = "{\"outcome\": 3}"
        case "log name": files["logs/\(Digest(of: "other"))"] = "x"
        case "no log": files[logPath] = nil
        case "job": files[resultPath] = try result { $0.job = Digest(of: "another") }
        case "job of another":
            let cells = try PlanStore(Store(opening: fixture.path)).documents("small").cells()
            guard case .jobs(let build, _)? = cells.first(where: { $0.cell.package.name == "good" })?.basis else {
                throw CocoaError(.coderInvalidValue)
            }
            files[resultPath] = try result { $0.job = build }
        case "size": files[resultPath] = try result { $0.reason = String(repeating: "x", count: 70_000) }
        case "link":
            try fixture.directory.shell("mkdir -p lab/logs && ln -s /etc/passwd lab/\(logPath)")
            files[logPath] = nil
        case "submodule":
            try fixture.directory.shell(
                "git -C lab commit -q --allow-empty -m x && git -C lab update-index --add --cacheinfo 160000,$(git -C lab rev-parse HEAD),\(logPath)"
            )
            files[logPath] = nil
        case "name":
            try fixture.directory.shell("mkdir -p lab/logs && : >lab/logs/$(printf '\\351')")
        default: files[(0..<12).map { "d\($0)/" }.joined() + "x"] = "x"
        }
        if ["link", "submodule", "name"].contains(problem) {
            for (name, text) in files { try fixture.directory.write(text, to: "lab/\(name)") }
            try fixture.directory.shell(
                "git -C lab add \(problem == "submodule" ? "results" : "-A") && git -C lab commit -q -m push && git -C lab push -q ../store HEAD:refs/heads/inbox/lab"
            )
        } else {
            try push(files)
        }
        let refused = try fixture.run("inbox")
        #expect(refused.status == 2 && refused.output == "" && !refused.messages.isEmpty, "\(refused)")
        let words = ["link": "it is a symbolic link", "submodule": "submodule: expected", "name": "is not UTF-8"]
        #expect(words[problem].map(refused.messages.contains) ?? true, "\(refused)")
        #expect(!refused.messages.contains("CodingKey") && !refused.messages.contains("stored document"), "\(refused)")
        #expect(try !reply().problems.isEmpty && reply().merged == nil)
        #expect(try fixture.run("log", "waiting").status != 0)
        #expect(try fixture.run("inbox").status == 0, "it is told once")
        try push(good)
        #expect(try fixture.run("inbox").status == 0)
        #expect(try fixture.run("results", "waiting").status == 0)
    }
}
