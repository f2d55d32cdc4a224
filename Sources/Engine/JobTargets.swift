package import Core
package import Model
internal import Scheduler

/// The target of each job of a worklist, on which it runs and under which it is recorded. Stored compactly, because
/// there are many jobs but few targets.
package struct JobTargets: Sendable {
    /// The distinct targets.
    private let all: [Plan.Target]
    private let numbers: JobNumbers<Digest>
    /// The index in `all` of each job's target, by job number; -1 if it has none.
    private let targetOfJob: [Int32]

    init(_ numbers: JobNumbers<Digest>, _ all: [Plan.Target], targetOfJob: [Int32]) {
        self.numbers = numbers
        self.all = all
        self.targetOfJob = targetOfJob
    }

    /// The target of a job.
    package subscript(job: Digest) -> Plan.Target? {
        guard let number = numbers.number(of: job), targetOfJob[number] >= 0 else { return nil }
        return all[Int(targetOfJob[number])]
    }
}

/// The cells that each job of a worklist decides, as indexes into the plan.
package struct DecidedCells: Sendable {
    private let cells: [PlannedCell]
    private let numbers: JobNumbers<Digest>
    /// Linked lists: the first cell decided by each job, and the next cell of the same job for each cell; -1 ends a
    /// list.
    private var first: [Int32]
    private var next: [Int32]

    /// - Parameter decisions: Pairs of a job number and the index of a cell that it decides, in order.
    init(_ cells: [PlannedCell], _ numbers: JobNumbers<Digest>, _ decisions: [(job: Int32, cell: Int32)]) {
        self.cells = cells
        self.numbers = numbers
        first = Array(repeating: -1, count: numbers.ids.count)
        next = Array(repeating: -1, count: cells.count)
        for (job, cell) in decisions.reversed() {
            next[Int(cell)] = first[Int(job)]
            first[Int(job)] = cell
        }
    }

    /// The cells that a job decides; nil if it decides none.
    package subscript(job: Digest) -> [PlannedCell]? {
        guard let number = numbers.number(of: job), first[number] >= 0 else { return nil }
        var found: [PlannedCell] = []
        var index = first[number]
        while index >= 0 {
            found.append(cells[Int(index)])
            index = next[Int(index)]
        }
        return found
    }

    /// The jobs that decide at least one cell.
    var jobs: [Digest] { first.indices.filter { first[$0] >= 0 }.map { numbers[$0] } }
}
