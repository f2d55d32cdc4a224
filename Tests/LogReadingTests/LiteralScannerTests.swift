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
        /// Literals, also changed in one place, between other text.
        func text(of literals: [String], _ length: Int) -> [UInt8] {
            var log: [UInt8] = []
            while log.count < length {
                var next = Array((Bool.random(using: &random) ? literals.randomElement(using: &random)! : text(3)).utf8)
                if Bool.random(using: &random) { next[Int.random(in: next.indices, using: &random)] ^= 3 }
                log += next
            }
            return log
        }
        for _ in 0..<300 {
            let literals = Array(
                Set(
                    (0..<Int.random(in: 1...5, using: &random)).map { _ in
                        text(Int.random(in: LiteralScanner.shortest...24, using: &random))
                    }))
            let length = Int.random(in: 0...400, using: &random)
            let log = Bool.random(using: &random) ? Array(text(length).utf8) : text(of: literals, length)
            var found: [[Int]] = literals.map { _ in [] }
            let start = Int.random(in: 0...log.count, using: &random)
            // After some occurrences a literal is dropped, or all are.
            let most = Int.random(in: 1...20, using: &random)
            let isStopped = Bool.random(using: &random)
            // And after some misses other parts of the literals are looked up.
            let misses = Int.random(in: 1...20, using: &random)
            log.withUnsafeBytes { bytes in
                LiteralScanner(literals, missLimit: misses).scan(bytes, from: start) {
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
