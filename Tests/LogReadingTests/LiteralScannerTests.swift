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
            let log = Array(text(Int.random(in: 0...200, using: &random)).utf8)
            var found: [[Int]] = literals.map { _ in [] }
            log.withUnsafeBytes { LiteralScanner(literals).scan($0) { found[$0].append($1) } }
            let expected = literals.map { literal in
                log.indices.filter { log[$0...].starts(with: literal.utf8) }
            }
            #expect(found.map { $0.sorted() } == expected)
        }
    }
}
