internal import Core

/// Reference counts of objects, by their digests.
struct UseCounts: Sendable, Equatable {
    /// The digests, in ascending order.
    var keys: [Digest] = []
    var counts: [Int32] = []

    /// The index of a digest in `keys`.
    ///
    /// - Complexity: O(log n).
    func index(of key: Digest) -> Int? {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? low : nil
    }

    subscript(digest: Digest) -> Int { index(of: digest).map { Int(counts[$0]) } ?? 0 }
}

/// Reference counts during a change. Objects have numbers: their indexes in the previous counts, followed by new
/// objects in the order in which they are added.
struct ReferenceCounts {
    typealias Number = Int

    let before: UseCounts
    /// The new objects, in the order of their numbers.
    private(set) var added: [Digest] = []
    private var numbers: [Digest: Number] = [:]
    private var counts: [Int32]

    init(_ before: UseCounts) {
        self.before = before
        counts = before.counts
    }

    /// The number of an object that was counted before or has been added.
    func number(of digest: Digest) -> Number? { before.index(of: digest) ?? numbers[digest] }

    /// The number of an object, which is added if necessary.
    mutating func add(_ key: Digest) -> (number: Number, isNew: Bool) {
        if let known = number(of: key) { return (known, false) }
        numbers[key] = counts.count
        added.append(key)
        counts.append(0)
        return (counts.count - 1, true)
    }

    /// Increments a count; true if it was 0.
    mutating func retain(_ number: Number) -> Bool {
        counts[number] += 1
        return counts[number] == 1
    }

    /// Decrements a count; true if it becomes 0.
    mutating func release(_ number: Number) -> Bool {
        counts[number] -= 1
        return counts[number] == 0
    }

    /// The objects that were not used before and are used now.
    var newlyUsed: [Number] { (before.counts.count..<counts.count).filter { counts[$0] > 0 } }
    /// The objects that were used before and are not used now.
    var unused: [Number] { before.counts.indices.filter { counts[$0] <= 0 } }
    /// False if something was released more often than retained.
    var isPossible: Bool { counts.allSatisfy { $0 >= 0 } }

    func digest(of number: Number) -> Digest {
        number < before.keys.count ? before.keys[number] : added[number - before.keys.count]
    }

    /// The numbers of all used objects, in the order of their digests.
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

    /// The counts of `used`; unused objects are dropped.
    func counts(of used: [Number]) -> UseCounts {
        UseCounts(keys: used.map(digest(of:)), counts: used.map { counts[$0] })
    }
}
