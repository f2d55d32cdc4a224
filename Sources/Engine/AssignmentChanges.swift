internal import Store

/// Changes of assignments and reports that are made together when an input is dealt with, in as few steps as possible: with etcd
/// each step waits for a disk.
///
/// - SeeAlso: `docs/decisions/0256-changes-in-one-step.md`
struct AssignmentChanges {
    /// No step changes more values, unless those that belong together are more.
    private static let limit = 90

    /// Each in one step.
    private var groups: [[StorePath: EphemeralChange]] = []

    /// Whether there is nothing to do.
    var isEmpty: Bool { groups.isEmpty }

    /// Adds an assignment.
    mutating func assign(_ document: [UInt8], at path: StorePath) { groups.append([path: .set(document)]) }

    /// Adds the removal of some values in one step.
    mutating func remove(_ expected: [StorePath: EphemeralExpectation]) {
        groups.append(expected.mapValues { .remove(expecting: $0) })
    }

    /// Takes what is to be done in the next step: of two changes of a value the later one.
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
