internal import Store

/// Changes of assignments and reports, collected while an input is processed and made in as few transactions as
/// possible, because etcd syncs each transaction to disk.
///
/// - SeeAlso: `docs/decisions/0256-changes-in-one-step.md`
struct AssignmentChanges {
    /// The maximum number of changes in a transaction, unless a single group has more.
    private static let limit = 90

    /// Groups of changes that must be made in one transaction.
    private var groups: [[StorePath: EphemeralChange]] = []

    /// Whether there are no changes.
    var isEmpty: Bool { groups.isEmpty }

    /// Adds an assignment.
    mutating func assign(_ document: [UInt8], at path: StorePath) { groups.append([path: .set(document)]) }

    /// Adds the removal of several values in one transaction.
    mutating func remove(_ expected: [StorePath: EphemeralExpectation]) {
        groups.append(expected.mapValues { .remove(expecting: $0) })
    }

    /// Removes and returns the changes of the next transaction. If a value is changed twice, the later change counts.
    mutating func next() -> [StorePath: EphemeralChange] {
        var changes: [StorePath: EphemeralChange] = [:]
        var taken = 0
        for group in groups {
            guard taken == 0 || changes.count + group.count <= Self.limit else { break }
            changes.merge(group) { $1 }
            taken += 1
        }
        groups.removeFirst(taken)
        return changes
    }
}
