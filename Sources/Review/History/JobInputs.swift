package import Core
package import Model
package import Records

/// What a job is made from, and what it is built over, as a plan has it.
package struct JobInputs: Sendable {
    /// The job.
    package let job: Job
    /// The jobs that it is built over, direct and indirect, by the names of their packages.
    package let inputs: [String: Job]
    /// The target whose environment it has; nil where the plan has none such.
    package let target: Plan.Target?
    /// The repositories at the commits that were planned.
    package let repositories: [Plan.Repository]

    /// Reads what a plan says of a job; nil where it does not have the job, or not all of its inputs.
    ///
    /// - Throws: `StoreError`; `Failure` where a document is damaged.
    package init?(of id: Digest, on target: String, in plan: PlanDocuments) throws {
        guard let job = try plan.job(id), let header = try plan.header() else { return nil }
        var (inputs, open, seen): ([String: Job], [Digest], Set<Digest>) = ([:], job.inputs, [])
        while let next = open.popLast() {
            guard seen.insert(next).inserted else { continue }
            guard let input = try plan.job(next) else { return nil }
            // A test is run over the build of its own package.
            if input.package.name != job.package.name { inputs[input.package.name] = input }
            open += input.inputs
        }
        self.job = job
        self.inputs = inputs
        self.target = header.targets.first { $0.name == target && $0.environment == job.environment }
        repositories = header.repositories
    }

    /// The system packages of the job and of all that it is built over.
    var systemPackages: Set<String> {
        inputs.values.reduce(into: Set(job.systemPackages)) { $0.formUnion($1.systemPackages) }
    }
}
