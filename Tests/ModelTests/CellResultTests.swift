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
}
