import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run`, killed at random moments and started again, with real builds of small packages.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct KilledRunTests {
    /// After each kill: recorded results are still recorded and unchanged, every existing layer is complete, and no
    /// process and no mount remains, or the next start ends it. At the end: each cell was recorded once.
    @Test func nothingThatWasRecordedIsLostOrRepeated() async throws {
        var random = SeededGenerator()
        let seed = random.seed
        let deployment = try await SmallDeployment(Self.packages(24, &random))

        var recorded: [String: String] = [:]
        for kill in 1...(LongForm.isWanted ? 50 : 4) {
            let milliseconds = UInt32.random(in: 5...900, using: &random)
            let process = try deployment.program("run").start()
            usleep(milliseconds * 1000)
            process.kill(SIGKILL)
            process.wait()
            let context = "seed \(seed), kill \(kill) after \(milliseconds) ms"
            // A sandbox whose parent dies before it has requested to die with it remains until the next start.
            let left = deployment.leftProcesses(after: 5)
            #expect(left.allSatisfy { $0.contains(" bwrap --args ") }, "\(context): \(left)")
            let now = try deployment.recorded()
            for (path, object) in recorded { #expect(now[path] == object, "\(context): \(path)") }
            recorded = now
            #expect(try deployment.damagedLayers() == [], "\(context)")
        }
        try deployment.program("run").output()
        #expect(deployment.leftProcesses(after: 60) == [], "seed \(seed)")
        let last = try deployment.recorded()
        for (path, object) in recorded { #expect(last[path] == object, "seed \(seed): \(path)") }
        #expect(last.count == 26, "seed \(seed)")
        let repeated = try deployment.timesRecorded().filter { $0.value != 1 }
        #expect(repeated == [:], "seed \(seed)")
        #expect(try deployment.leftovers() == [])
        #expect(try git("fsck", "--strict", at: deployment.store.path) == "")
    }

    /// Packages that each take a moment to build, some depending on others.
    private static func packages(_ count: Int, _ random: inout SeededGenerator) -> [String: String] {
        var packages: [String: String] = [:]
        for number in 1...count {
            let inputs = (1..<number).filter { _ in Int.random(in: 0..<number, using: &random) < 2 }
            let needs = inputs.map { "\"p\($0)\"" } + ["\"ocaml\""]
            let tenths = Int.random(in: 0...2, using: &random)
            packages["p\(number).1"] = """
                depends: [\(needs.joined(separator: " "))]
                build: ["sh" "-c" "sleep 0.\(tenths); head -c 100000 /dev/urandom >data"]
                install: ["cp" "data" "%{lib}%/p\(number)"]
                """
        }
        return packages
    }
}
