package import Core
package import Model

/// A target for each job of a worklist, to run it on and to record it under: of many jobs, few targets.
package struct JobTargets: Sendable {
    private var all: [Plan.Target] = []
    /// Where the target of a job is in `all`; -1: the plan has the job, and no target for it.
    private var numbers: [Digest: Int] = [:]
    private var places: [Plan.Target: Int] = [:]

    /// The target of a job.
    package subscript(job: Digest) -> Plan.Target? {
        numbers[job].flatMap { $0 < 0 ? nil : all[$0] }
    }

    /// All targets of jobs.
    package var values: [Plan.Target] { all }

    /// Whether the plan has the job.
    func has(_ job: Digest) -> Bool { numbers[job] != nil }

    mutating func add(_ job: Digest, _ target: Plan.Target?) {
        guard let target else {
            numbers[job] = -1
            return
        }
        let place: Int
        if let last = all.indices.last, all[last].name == target.name, all[last].environment == target.environment {
            place = last
        } else if let known = places[target] {
            place = known
        } else {
            place = all.count
            all.append(target)
            places[target] = place
        }
        numbers[job] = place
    }
}
