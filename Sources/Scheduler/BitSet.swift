/// A set of small integers that is intersected with others word by word.
struct BitSet: Sendable {
    private(set) var words: [UInt64] = []

    func contains(_ member: Int) -> Bool {
        member >> 6 < words.count && words[member >> 6] & 1 << UInt64(member & 63) != 0
    }

    mutating func set(_ member: Int, _ isMember: Bool) {
        while words.count <= member >> 6 { words.append(0) }
        let bit: UInt64 = 1 << UInt64(member & 63)
        if isMember { words[member >> 6] |= bit } else { words[member >> 6] &= ~bit }
    }

    /// The first common element at or after `start`, otherwise the first one before it.
    func firstCommon(with other: BitSet, and third: BitSet? = nil, from start: Int) -> Int? {
        let count = min(words.count, other.words.count, third?.words.count ?? .max)
        guard count > 0 else { return nil }
        let first = (start >> 6) % count
        for step in 0...count {
            let word = (first + step) % count
            var common = words[word] & other.words[word] & (third?.words[word] ?? .max)
            if step == 0, start >> 6 == word { common &= .max << UInt64(start & 63) }
            if common != 0 { return word << 6 | common.trailingZeroBitCount }
        }
        return nil
    }
}
