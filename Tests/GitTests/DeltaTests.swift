import Git
import TestSupport
import Testing

struct DeltaTests {
    /// Applies the commands of a delta to a base, as described in git's `gitformat-pack` manual; nil if they are
    /// invalid.
    private func apply(_ delta: [UInt8], to base: [UInt8]) -> [UInt8]? {
        var rest = delta[...]
        func size() -> Int {
            var (value, shift) = (0, 0)
            while let byte = rest.popFirst() {
                value |= Int(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        guard size() == base.count else { return nil }
        let wanted = size()
        var made: [UInt8] = []
        while let command = rest.popFirst() {
            if command & 0x80 == 0 {
                guard command > 0, rest.count >= command else { return nil }
                made += rest.prefix(Int(command))
                rest = rest.dropFirst(Int(command))
                continue
            }
            func number(_ bits: Range<Int>) -> Int {
                var value = 0
                for (byte, bit) in bits.enumerated() where command & 1 << UInt8(bit) != 0 {
                    value |= Int(rest.popFirst() ?? 0) << (8 * byte)
                }
                return value
            }
            let offset = number(0..<4)
            let given = number(4..<7)
            let count = given == 0 ? 0x10000 : given
            guard offset + count <= base.count else { return nil }
            made += base[offset..<(offset + count)]
        }
        return made.count == wanted ? made : nil
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func deltasRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let size = [0, 1, 15, 16, 17, 300, 5_000, 70_000, 200_000].randomElement(using: &random)!
        let base = (0..<size).map { _ in UInt8.random(in: 0...(seed.isMultiple(of: 3) ? 3 : 255), using: &random) }
        var target = base
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let start = Int.random(in: 0...target.count, using: &random)
            let end = min(target.count, start + Int.random(in: 0...400, using: &random))
            let new = (0..<Int.random(in: 0...400, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            // Replace, insert, remove, or copy from another offset of the base.
            let isNew = Bool.random(using: &random)
            target.replaceSubrange(start..<end, with: isNew ? new : Array(base.prefix(end - start)))
        }
        let delta = try #require(Delta.make(from: base, to: target, limit: .max))
        #expect(apply(delta, to: base) == target, "seed \(seed)")
        if size >= 70_000 { #expect(delta.count < 6_000, "seed \(seed)") }
        if let short = Delta.make(from: base, to: target, limit: 100) {
            #expect(short.count <= 100 && short == delta, "seed \(seed)")
        }
    }

    @Test func everyPairOfShortStrings() {
        let alphabet: [UInt8] = [0, 1]
        var strings: [[UInt8]] = [[]]
        for _ in 0..<6 {
            strings += strings.flatMap { string in alphabet.map { string + [$0] } }
            strings = Array(Set(strings))
        }
        for base in strings {
            for target in strings {
                #expect(Delta.make(from: base, to: target, limit: .max).flatMap { apply($0, to: base) } == target)
            }
        }
    }
}
