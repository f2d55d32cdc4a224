import TestSupport
import Testing

@testable import Model

@Suite struct CellResultTests {
    @Test func laterExecutionsCompareAsGreater() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let early = Double.random(in: 0...4e9, using: &random)
            let late = early + Double.random(in: 1e-5...2, using: &random)
            #expect(
                CellResult.execution(endedAt: early, named: .random(in: .min ... .max, using: &random))
                    < CellResult.execution(endedAt: late, named: .random(in: .min ... .max, using: &random)),
                "\(early) \(late) (seed \(seed))")
        }
        #expect(CellResult.execution(endedAt: 0, named: 1) != CellResult.execution(endedAt: 0, named: 2))
    }

    /// The index of results reads kinds from messages.
    @Test func trailersAgreeWithTheLog() {
        var result = CellResult(
            cell: Cell(target: "t", compiler: "5", package: PackageVersion(name: "a", version: "1")), job: nil,
            outcome: .failure, repositories: [])
        #expect(!result.trailers.contains { ["Kind", "Class", "Weak"].contains($0.key) })
        result.error = .init(
            kind: "unknown", origin: "package", isWeak: true, failureClass: "make-status", excerpt: "make: ***")
        let trailers = Dictionary(uniqueKeysWithValues: result.trailers.map { ($0.key, $0.value) })
        #expect((trailers["Kind"], trailers["Class"], trailers["Weak"]) == ("unknown", "make-status", "yes"))
        result.error?.isWeak = false
        #expect(!result.trailers.contains { $0.key == "Weak" })
    }
}
