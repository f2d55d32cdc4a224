internal import Core

/// How often each of many things is used, by their digests.
struct UseCounts: Sendable, Equatable {
    /// Ascending.
    var keys: [Digest] = []
    var counts: [Int32] = []

    /// Where a digest is among the keys.
    ///
    /// - Complexity: O(log n).
    func place(of key: Digest) -> Int? {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? low : nil
    }

    subscript(digest: Digest) -> Int { place(of: digest).map { Int(counts[$0]) } ?? 0 }
}

/// Use counts that are being changed. Things have numbers: their places in the counts before, and behind those the
/// others as they come.
struct ReferenceCounts {
    typealias Number = Int

    let before: UseCounts
    /// What was not counted before, in the order of its numbers.
    private(set) var added: [Digest] = []
    private var numbers: [Digest: Number] = [:]
    private var counts: [Int32]

    init(_ before: UseCounts) {
        self.before = before
        counts = before.counts
    }

    /// The number of a thing that was counted before or was added.
    func number(of digest: Digest) -> Number? { before.place(of: digest) ?? numbers[digest] }

    /// The number of a thing, which it may get now.
    mutating func add(_ key: Digest) -> (number: Number, isNew: Bool) {
        if let known = number(of: key) { return (known, false) }
        numbers[key] = counts.count
        added.append(key)
        counts.append(0)
        return (counts.count - 1, true)
    }

    /// Counts one use more; true if it is the first.
    mutating func retain(_ number: Number) -> Bool {
        counts[number] += 1
        return counts[number] == 1
    }

    /// Counts one use less; true if it was the last.
    mutating func release(_ number: Number) -> Bool {
        counts[number] -= 1
        return counts[number] == 0
    }

    /// What was not used before and is now.
    var newlyUsed: [Number] { (before.counts.count..<counts.count).filter { counts[$0] > 0 } }
    /// What was used before and is not now.
    var unused: [Number] { before.counts.indices.filter { counts[$0] <= 0 } }
    /// False where something was released more often than it was retained.
    var isPossible: Bool { counts.allSatisfy { $0 >= 0 } }

    func digest(of number: Number) -> Digest {
        number < before.keys.count ? before.keys[number] : added[number - before.keys.count]
    }

    /// What is used now, as numbers in the order of digests.
    var used: [Number] {
        let newlyUsed = newlyUsed.sorted { digest(of: $0) < digest(of: $1) }
        var used: [Number] = []
        used.reserveCapacity(before.keys.count + newlyUsed.count)
        var next = newlyUsed.startIndex
        for number in before.keys.indices where counts[number] > 0 {
            while next < newlyUsed.endIndex, digest(of: newlyUsed[next]) < before.keys[number] {
                used.append(newlyUsed[next])
                next += 1
            }
            used.append(number)
        }
        return used + newlyUsed[next...]
    }

    /// The counts of `used`; what is not used any more is forgotten.
    func counts(of used: [Number]) -> UseCounts {
        UseCounts(keys: used.map(digest(of:)), counts: used.map { counts[$0] })
    }
}
