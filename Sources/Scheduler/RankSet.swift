/// A set of small integers with a greatest element: a tree of 64-bit words, in which each bit shows whether the word
/// below it is non-empty.
///
/// Insertion, removal and finding the greatest element below a bound touch one word per level: two levels for 4,096
/// members, three for 262,144, four for sixteen million.
struct RankSet: Sendable {
    private var levels: [[UInt64]] = [[0]]
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Reserves space for members below `capacity`.
    mutating func reserve(_ capacity: Int) {
        var words = max(1, (capacity + 63) / 64)
        var level = 0
        while true {
            if level == levels.count { levels.append([UInt64](repeating: 0, count: words)) }
            let missing = words - levels[level].count
            if missing > 0 { levels[level].append(contentsOf: repeatElement(0, count: missing)) }
            if level > 0 { summarize(level) }
            if words == 1 { break }
            words = (words + 63) / 64
            level += 1
        }
    }

    func contains(_ member: Int) -> Bool {
        let word = member >> 6
        return word < levels[0].count && levels[0][word] & bit(member) != 0
    }

    mutating func insert(_ member: Int) {
        guard !contains(member) else { return }
        count += 1
        var position = member
        for level in levels.indices {
            let wasEmpty = levels[level][position >> 6] == 0
            levels[level][position >> 6] |= bit(position)
            guard wasEmpty else { return }
            position >>= 6
        }
    }

    mutating func remove(_ member: Int) {
        guard contains(member) else { return }
        count -= 1
        var position = member
        for level in levels.indices {
            levels[level][position >> 6] &= ~bit(position)
            guard levels[level][position >> 6] == 0 else { return }
            position >>= 6
        }
    }

    mutating func removeAll() {
        for level in levels.indices {
            for word in levels[level].indices { levels[level][word] = 0 }
        }
        count = 0
    }

    /// The greatest member; nil if the set is empty.
    var greatest: Int? {
        guard count > 0 else { return nil }
        return descend(from: levels.count - 1, word: 0)
    }

    /// The greatest member that is smaller than `bound`.
    func greatest(below bound: Int) -> Int? {
        guard count > 0, bound < levels[0].count << 6 else { return greatest }
        var position = bound
        for level in levels.indices {
            let word = position >> 6
            let lower = levels[level][word] & (bit(position) - 1)
            if lower != 0 {
                let found = word << 6 | (63 - lower.leadingZeroBitCount)
                return level == 0 ? found : descend(from: level - 1, word: found)
            }
            position = word
        }
        return nil
    }

    private func descend(from top: Int, word: Int) -> Int? {
        var word = word
        for level in stride(from: top, through: 0, by: -1) {
            word = word << 6 | (63 - levels[level][word].leadingZeroBitCount)
        }
        return word
    }

    private mutating func summarize(_ level: Int) {
        for word in levels[level - 1].indices where levels[level - 1][word] != 0 {
            levels[level][word >> 6] |= bit(word)
        }
    }

    private func bit(_ position: Int) -> UInt64 { 1 << UInt64(position & 63) }
}
