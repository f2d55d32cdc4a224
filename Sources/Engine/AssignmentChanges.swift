internal import Core
internal import Model
internal import Store

/// Changes of assignments and reports, collected while an input is processed and made in as few transactions as
/// possible, because etcd syncs each transaction to disk.
///
/// - SeeAlso: `docs/decisions/0256-changes-in-one-step.md`
struct AssignmentChanges {
    /// The maximum number of changes in a transaction, unless a single group has more.
    private static let limit = 90

    /// Changes that must be made in one transaction.
    private enum Group {
        case assignment(JobAssignment, StorePath, part: Int?)
        case removal([StorePath: EphemeralExpectation])

        var count: Int { if case .removal(let expected) = self { expected.count } else { 1 } }
    }

    private var groups: [Group] = []

    /// Whether there are no changes.
    var isEmpty: Bool { groups.isEmpty }

    /// Adds an assignment.
    ///
    /// - Parameter part: The number of its request in the bundle that exists when the changes are made; nil if it is in
    ///   none.
    mutating func assign(_ assignment: JobAssignment, at path: StorePath, part: Int? = nil) {
        groups.append(.assignment(assignment, path, part: part))
    }

    /// Adds the removal of several values in one transaction.
    mutating func remove(_ expected: [StorePath: EphemeralExpectation]) { groups.append(.removal(expected)) }

    /// The assignments that are to get a bundle, by path.
    var bundled: [(path: StorePath, assignment: JobAssignment)] {
        groups.compactMap { group in
            guard case .assignment(let assignment, let path, .some) = group else { return nil }
            return (path, assignment)
        }
    }

    /// Removes the assignments that are to get a bundle.
    mutating func removeBundled() {
        groups.removeAll { if case .assignment(_, _, .some) = $0 { true } else { false } }
    }

    /// Removes and returns the changes of the next transaction. If a value is changed twice, the later change counts.
    ///
    /// - Parameter bundle: The bundle of the assignments with requests in one.
    mutating func next(_ bundle: RequestWriter.Bundle? = nil) throws -> [StorePath: EphemeralChange] {
        var changes: [StorePath: EphemeralChange] = [:]
        var taken = 0
        for group in groups {
            guard taken == 0 || changes.count + group.count <= Self.limit else { break }
            switch group {
            case .assignment(var assignment, let path, let part):
                if let part, let bundle {
                    assignment.bundle = bundle.digest
                    (assignment.offset, assignment.size) = (bundle.parts[part].lowerBound, bundle.parts[part].count)
                }
                changes[path] = .set(try EphemeralDocument.encode(assignment))
            case .removal(let expected): changes.merge(expected.mapValues { .remove(expecting: $0) }) { $1 }
            }
            taken += 1
        }
        groups.removeFirst(taken)
        return changes
    }
}
