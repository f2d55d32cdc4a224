import Foundation
import Glibc
import TestSupport
import Testing

/// `ci pause` and `ci drain` on a worker in a process of its own, with real builds in sandboxes.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct WorkerModeTests {
    @Test func aWorkerIsPausedResumedAndDrained() async throws {
        let mark = "6\(Int.random(in: 10_000..<100_000))"
        let slow = #"depends: "ocaml" build: ["sh" "-c" "sleep \#(mark) || true"]"#
        let deployment = try await SmallDeployment(["one.1": slow, "two.1": slow])
        func sleeping() -> [pid_t] { ProcessTable.running("sleep", mark) }
        defer { for process in sleeping() { kill(process, SIGTERM) } }
        func start(_ words: [String]) throws -> RunningProgram {
            var program = try deployment.ci(words)
            program.isJoined = true
            return try program.start()
        }
        func ask(_ words: String...) throws -> [Substring] {
            try deployment.ci(words).output().split(separator: "\n")
        }
        let worker = try start(["worker", "--jobs", "1"])
        try await waitUntil("it is registered", { worker.output.contains("waiting for jobs") || !worker.isRunning })
        let ids = try ask("pause", "worker.*")
        #expect(ids.count == 1 && ids[0].hasPrefix("worker."))
        try await waitUntil("it is paused") { worker.output.contains("worker: paused") }
        let run = try start(["run", "--jobs", "1"])
        try await waitUntil("the run's own worker runs one") { sleeping().count == 1 || !run.isRunning }
        let status = try ask("status").joined(separator: "\n")
        #expect(status.contains("paused"), "\(status)")
        #expect(try ask("pause", "--resume", "*ci worker*") == ids, "by its name")
        try await waitUntil("both run") { sleeping().count == 2 || !run.isRunning }
        #expect(try ask("drain", String(ids[0])) == ids)
        try await waitUntil("it drains") { worker.output.contains("worker: draining") }
        #expect(worker.isRunning, "what it runs goes on")
        for process in sleeping() { kill(process, SIGTERM) }
        let (ended, left) = (try await run.end(), try await worker.end())
        #expect(ended.status == 0, "\(ended.output)")
        #expect(left.status == 0, "\(left.output)")
        let lines = left.output.split(separator: "\n")
        let order = ["paused", "ready", "draining", "success"].map { word in
            lines.firstIndex { $0.contains(word) } ?? -1
        }
        #expect(order == order.sorted() && order[0] >= 0, "\(left.output)")
        #expect(try deployment.dispatchValues() == [])
        // Requests to the worker are removed by the next collection; layers remain.
        func objects() -> [String] {
            let all = FileManager.default.enumerator(atPath: deployment.objects.path)?.compactMap { $0 as? String }
            return (all ?? []).filter { $0.utf8.count == 67 }
        }
        let layers = try deployment.layers()
        #expect(objects().count > layers.count)
        _ = try ask("store", "gc", "--grace", "0")
        #expect(Set(objects()) == Set(layers))
    }
}
