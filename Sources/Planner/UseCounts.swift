internal import Core

/// How often each of many things is used, by their digests.
struct UseCounts: Sendable, Equatable {
    /// A digest as numbers, in the order of its digits.
    struct Key: Hashable, Comparable, Sendable {
        let words: (UInt64, UInt64, UInt64, UInt64)

        init(_ digest: Digest) {
            var words: [UInt64] = [0, 0, 0, 0]
            for (index, digit) in digest.hex.utf8.enumerated() {
                let value = digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
                words[index >> 4] = words[index >> 4] << 4 | UInt64(value)
            }
            self.words = (words[0], words[1], words[2], words[3])
        }

        static func < (left: Self, right: Self) -> Bool { left.words < right.words }
        static func == (left: Self, right: Self) -> Bool { left.words == right.words }

        func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    }

    /// Ascending.
    var keys: [Key] = []
    var counts: [Int32] = []

    /// - Complexity: O(log n).
    subscript(digest: Digest) -> Int {
        let key = Key(digest)
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? Int(counts[low]) : 0
    }

    /// The counts with some set to others; what is not used any more is forgotten.
    func setting(_ changes: [Digest: Int]) -> UseCounts {
        let sorted = changes.map { (key: Key($0.key), count: Int32($0.value)) }.sorted { $0.key < $1.key }
        var result = UseCounts()
        result.keys.reserveCapacity(keys.count + sorted.count)
        result.counts.reserveCapacity(keys.count + sorted.count)
        func add(_ key: Key, _ count: Int32, to result: inout UseCounts) {
            guard count > 0 else { return }
            result.keys.append(key)
            result.counts.append(count)
        }
        var next = sorted.startIndex
        for (key, count) in zip(keys, counts) {
            while next < sorted.endIndex, sorted[next].key < key {
                add(sorted[next].key, sorted[next].count, to: &result)
                next += 1
            }
            if next < sorted.endIndex, sorted[next].key == key {
                add(key, sorted[next].count, to: &result)
                next += 1
            } else {
                add(key, count, to: &result)
            }
        }
        for change in sorted[next...] { add(change.key, change.count, to: &result) }
        return result
    }
}

/// Use counts that are being changed.
struct UseTally {
    let before: UseCounts
    /// The counts of what was touched, as they are now.
    private(set) var now: [Digest: Int] = [:]

    init(_ before: UseCounts) {
        self.before = before
    }

    /// Counts one use more; true if it is the first.
    mutating func retain(_ digest: Digest) -> Bool {
        let count = now[digest] ?? before[digest]
        now[digest] = count + 1
        return count == 0
    }

    /// Counts one use less; true if it was the last.
    mutating func release(_ digest: Digest) -> Bool {
        let count = now[digest] ?? before[digest]
        now[digest] = count - 1
        return count == 1
    }

    /// What was not used before and is now.
    var come: [Digest] { now.filter { $0.value > 0 && before[$0.key] == 0 }.map(\.key) }
    /// What was used before and is not now.
    var gone: [Digest] { now.filter { $0.value <= 0 && before[$0.key] > 0 }.map(\.key) }
    var counts: UseCounts { before.setting(now) }
}
