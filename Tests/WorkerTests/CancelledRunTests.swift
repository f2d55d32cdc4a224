import Foundation
import TestSupport
import Testing

/// `ci cancel` in a process of its own, while `ci run` has a real build in a sandbox.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct CancelledRunTests {
    /// The whole tree of the build ends, and the rest is built.
    @Test func aCancelledBuildEndsAndTheRunContinues() async throws {
        let mark = Int.random(in: 10_000..<100_000)
        let sleeps = ["3\(mark)1", "3\(mark)2", "3\(mark)3"]
        let deployment = try await SmallDeployment([
            "long.1": """
            depends: "ocaml"
            build: ["sh" "-c" "echo half > half; sleep \(sleeps[0]) & setsid sleep \(sleeps[1]) & sleep \(sleeps[2])"]
            install: ["cp" "half" "%{lib}%/half"]
            """,
            "over.1": "depends: \"long\"",
            "slow.1": #"depends: "ocaml" build: ["sleep" "2"]"#,
            "rest.1": #"depends: "slow" install: ["cp" "/etc/passwd" "%{lib}%/rest"]"#,
        ])
        func running() -> Int { sleeps.map { ProcessTable.running("sleep", $0).count }.reduce(0, +) }
        let run = try deployment.program("run").start()
        try await run.wait(until: "all builds") { running() == sleeps.count }
        #expect(running() == sleeps.count)

        let cancelled = try deployment.ci(["cancel", "*/*/long", "*/*/over"]).run()
        #expect(cancelled.status == 0, "\(cancelled.messages)")
        #expect(cancelled.output == "debian-12/4.13.1/long.1\ndebian-12/4.13.1/over.1\n")
        for _ in 0..<1000 where running() > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(running() == 0, "the build goes on")
        let ending = try await run.end()
        #expect(ending.status == 1, "\(ending.messages)")

        let states = [
            "long.1": "cancelled", "ocaml-system.4.13.1": "success", "ocaml.4.13.1": "success",
            "over.1": "cancelled", "rest.1": "success", "slow.1": "success",
        ]
        #expect(try deployment.states() == states)
        #expect(deployment.leftProcesses(after: 60) == [])
        #expect(try deployment.leftovers() == [])
        #expect(try deployment.damagedLayers() == [])
        let layers = try deployment.layers()
        #expect(layers.count == 4, "each success has a layer, and nothing else")
        #expect(try git("fsck", "--strict", at: deployment.store.path, isJoined: true) == "")

        #expect(try deployment.program("run").run().status == 1)
        #expect(try deployment.states() == states, "it stays cancelled")
        let repeated = try deployment.timesRecorded().filter { $0.value != 1 }
        #expect(repeated == [:])
    }
}
