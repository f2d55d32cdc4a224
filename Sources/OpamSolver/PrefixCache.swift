internal import Synchronization

/// The prefixes of the latest requests.
struct PrefixCache: Sendable {
    private var prefixes: [SolvedPrefix] = []

    /// A matrix has two, with and without lower bounds; each pin or option adds one.
    private static let capacity = 4

    subscript(index: Int) -> SolvedPrefix {
        _read { yield prefixes[index] }
        _modify { yield &prefixes[index] }
    }

    func index(of request: Request) -> Int? {
        prefixes.indices.last { prefixes[$0].request.isPrefix(of: request) }
    }

    /// Adds a prefix, and drops the oldest if there are too many.
    ///
    /// - Returns: Its index until the next is added.
    mutating func add(_ prefix: SolvedPrefix) -> Int {
        if prefixes.count == PrefixCache.capacity { prefixes.removeFirst() }
        prefixes.append(prefix)
        return prefixes.count - 1
    }
}

/// The prefixes that the solvers of one target share.
final class SharedPrefixCache: Sendable {
    private let prefixes = Mutex(PrefixCache())

    /// The prefix of a request. It is solved once; other callers wait.
    func prefix(of request: Request, solve: () -> SolvedPrefix) -> SolvedPrefix {
        prefixes.withLock { prefixes in
            if let index = prefixes.index(of: request) { return prefixes[index] }
            let new = solve()
            return prefixes[prefixes.add(new)]
        }
    }
}
