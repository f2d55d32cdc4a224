internal import Git
internal import Synchronization

/// The commits of all transactions that were given this object. A watch that excludes them does not read what they
/// changed, as long as nobody else commits in between.
///
/// - SeeAlso: `docs/decisions/0283-own-commits.md`
public final class CommitSeries: Sendable {
    /// An uninterrupted series of commits on one branch.
    private struct Line {
        var number: Int
        var head: ObjectID
        /// The commit before `head`, where the branch is until it has moved.
        var previous: ObjectID?
    }

    private struct State {
        var lines: [Branch: Line] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    /// A series without commits.
    public init() {}

    /// Notes that a branch is about to be moved by commits of the series alone. If that fails, the branch never has the
    /// commit `new`, so that nothing is excluded by mistake.
    func note(_ branch: Branch, from old: ObjectID?, to new: ObjectID) {
        state.withLock { state in
            if let line = state.lines[branch], line.head == old {
                state.lines[branch] = Line(number: line.number, head: new, previous: old)
            } else {
                state.count += 1
                state.lines[branch] = Line(number: state.count, head: new)
            }
        }
    }

    /// The number of the uninterrupted series that ends with `head`; nil if that is none of its two newest commits.
    func number(of branch: Branch, endingWith head: ObjectID) -> Int? {
        state.withLock { state in
            state.lines[branch].flatMap { $0.head == head || $0.previous == head ? $0.number : nil }
        }
    }
}

extension PreparedChange {
    /// The series of all transactions in this change; nil if they are of several or of none.
    var series: CommitSeries? {
        guard let series = accepted.first?.request.options.series,
            accepted.allSatisfy({ $0.request.options.series === series })
        else { return nil }
        return series
    }
}
