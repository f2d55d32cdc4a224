import TestSupport
import Testing

@testable import LogReading

@Suite struct LiteralScannerTests {
    /// Every occurrence is found once, at any alignment.
    @Test func itFindsWhatASearchForEachFinds() {
        var random = SeededGenerator(printingSeedOf: #function)
        func text(_ length: Int) -> String {
            String((0..<length).map { _ in ["a", "b", "\n"].randomElement(using: &random)! as Character })
        }
        for _ in 0..<300 {
            let literals = Array(
                Set(
                    (0..<Int.random(in: 1...5, using: &random)).map { _ in
                        text(Int.random(in: LiteralScanner.shortest...9, using: &random))
                    }))
            let log = Array(text(Int.random(in: 0...400, using: &random)).utf8)
            var found: [[Int]] = literals.map { _ in [] }
            let start = Int.random(in: 0...log.count, using: &random)
            // After some occurrences a literal is dropped, or all are.
            let most = Int.random(in: 1...20, using: &random)
            let isStopped = Bool.random(using: &random)
            // And after some misses other parts of the literals are looked up.
            let misses = Int.random(in: 1...20, using: &random)
            log.withUnsafeBytes { bytes in
                LiteralScanner(literals, mostMisses: misses).scan(bytes, from: start) {
                    found[$0].append($1)
                    return found[$0].count < most ? .proceed : isStopped ? .stop : .dropLiteral
                }
            }
            let isCut = isStopped && found.contains { $0.count == most }
            let expected = literals.map { literal in
                log.indices.filter { $0 >= start && log[$0...].starts(with: literal.utf8) }
            }
            for (found, expected) in zip(found, expected) {
                #expect(Set(found).isSubset(of: expected) && Set(found).count == found.count)
                #expect(isCut || found.count == min(most, expected.count))
            }
        }
    }
}
