package import Core
package import Model
internal import Scheduler

/// A target for each job of a worklist, to run it on and to record it under: of many jobs, few targets.
package struct JobTargets: Sendable {
    /// All targets of jobs.
    private let all: [Plan.Target]
    private let numbers: JobNumbers<Digest>
    /// Where the target of a job is in `all`, by the job's number; -1: there is none.
    private let places: [Int32]

    init(_ numbers: JobNumbers<Digest>, _ all: [Plan.Target], places: [Int32]) {
        self.numbers = numbers
        self.all = all
        self.places = places
    }

    /// The target of a job.
    package subscript(job: Digest) -> Plan.Target? {
        guard let number = numbers.number(of: job), places[number] >= 0 else { return nil }
        return all[Int(places[number])]
    }
}

/// The cells that each job of a worklist decides, by their places in the plan.
package struct DecidedCells: Sendable {
    private let cells: [PlannedCell]
    private let numbers: JobNumbers<Digest>
    /// By a job's number the first cell that it decides, and by a cell's place the next one of the same job; -1: there is none.
    private var first: [Int32]
    private var next: [Int32]

    /// - Parameter decisions: the numbers of jobs with the places of the cells that they decide, in order.
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

    /// The cells that a job decides; nil where it decides none.
    package subscript(job: Digest) -> [PlannedCell]? {
        guard let number = numbers.number(of: job), first[number] >= 0 else { return nil }
        var found: [PlannedCell] = []
        var place = first[number]
        while place >= 0 {
            found.append(cells[Int(place)])
            place = next[Int(place)]
        }
        return found
    }

    /// The jobs that decide cells.
    var jobs: [Digest] { first.indices.filter { first[$0] >= 0 }.map { numbers[$0] } }
}
