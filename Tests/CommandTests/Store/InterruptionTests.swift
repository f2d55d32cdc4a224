import Foundation
import TestSupport
import Testing

/// Ctrl-C at moments chosen at random, in commands that write or read a whole store.
@Suite struct InterruptionTests {
    /// The words of a command; `STORE` and `PAGES` are replaced by paths.
    @Test(arguments: [
        ["plan", "matrix.yaml", "--store", "STORE"], ["report", "--output", "PAGES", "--store", "STORE"],
        ["store", "gc", "--store", "STORE"], ["store", "verify", "--store", "STORE"],
    ])
    func anInterruptedCommandEndsAndLeavesNothing(words: [String]) async throws {
        let fixture = try PlannedStore()
        let directory = try TemporaryDirectory()
        let temporary = directory("temporary")
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        // A plan is made in a store of its own, so that there is something to write each time.
        func arguments(of attempt: Int) -> [String] {
            let store = words[0] == "plan" ? directory("store \(attempt)") : fixture.path
            return words.map {
                $0.replacing("STORE", with: store).replacing("PAGES", with: directory("pages \(attempt)"))
            }
        }
        let begin = ContinuousClock.now
        let whole = try fixture.program(arguments(of: 0), temporary: temporary).run()
        let duration = begin.duration(to: .now)
        #expect(whole.status == 0, "\(whole.messages)")
        for attempt in 1...6 {
            let label = "attempt \(attempt) of \(words) (seed \(seed))"
            let program = try fixture.program(arguments(of: attempt), temporary: temporary)
            let running = try program.start()
            try await Task.sleep(for: duration * Double.random(in: 0..<1, using: &random))
            running.kill(SIGINT)
            let ending = try await running.end()
            #expect([0, 130].contains(ending.status), "\(label): \(ending.status) \(ending.messages)")
            let again = try program.run()
            #expect(again.status == 0, "\(label): \(again.messages)")
            if words[0] == "plan" {
                let store = directory("store \(attempt)")
                #expect(try tree(of: store) == tree(of: directory("store 0")), "\(label)")
                #expect(gitSucceeds("--git-dir=\(store)", "fsck", "--full", at: "/"), "\(label)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [], "\(label)")
        }
        let verified = try fixture.store("verify")
        #expect(verified.status == 0, "\(words) (seed \(seed)): \(verified.output) \(verified.messages)")
    }

    /// The id of the tree that the plan is.
    private func tree(of store: String) throws -> String { try git("rev-parse", "quickstart^{tree}", at: store) }
}
