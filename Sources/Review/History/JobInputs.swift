package import Core
package import Model
package import Records

/// The inputs of a job according to a plan: the job, its dependencies and its environment.
package struct JobInputs: Sendable {
    /// The job.
    package let job: Job
    /// The jobs that it depends on directly and indirectly, by package name.
    package let inputs: [String: Job]
    /// The target that the job runs on; nil if the plan has no such target.
    package let target: Plan.Target?
    /// The repositories with the planned commits.
    package let repositories: [Plan.Repository]
    private let plan: PlanDocuments

    /// Reads a job's inputs from a plan; nil if the plan lacks the job or one of its inputs.
    ///
    /// - Throws: `StoreError`; `Failure` if a document is damaged.
    package init?(of id: Digest, on target: String, in plan: PlanDocuments) throws {
        guard let job = try plan.job(id), let header = try plan.header() else { return nil }
        var (inputs, open, seen): ([String: Job], [Digest], Set<Digest>) = ([:], job.inputs, [])
        while let next = open.popLast() {
            guard seen.insert(next).inserted else { continue }
            guard let input = try plan.job(next) else { return nil }
            // A test job depends on the build of its own package.
            if input.package.name != job.package.name { inputs[input.package.name] = input }
            open += input.inputs
        }
        self.job = job
        self.inputs = inputs
        self.target = header.targets.first { $0.name == target && $0.environment == job.environment }
        repositories = header.repositories
        self.plan = plan
    }

    /// The opam file and the files of the job or of an input; nil if the plan lacks them.
    ///
    /// - Throws: `StoreError`.
    func files(of job: Job) throws -> PackageFiles? { try plan.files(job.opam) }

    /// The system packages of the job and of its dependencies.
    var systemPackages: Set<String> {
        inputs.values.reduce(into: Set(job.systemPackages)) { $0.formUnion($1.systemPackages) }
    }
}
