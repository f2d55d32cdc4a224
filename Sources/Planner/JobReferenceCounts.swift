internal import Core
internal import Model

/// The jobs of a plan with their reference counts, inputs and package files.
struct JobUses: Sendable, Equatable {
    var jobs = UseCounts()
    /// The uses of package files by jobs.
    var packages = UseCounts()
    /// The inputs of each job, as indexes of jobs.
    var inputs = FlatLists()
    /// The index of each job's package files.
    var files: [Int32] = []

    /// Whether all indexes are valid.
    var isConsistent: Bool {
        let (jobCount, packageCount) = (jobs.keys.count, packages.keys.count)
        return inputs.count == jobCount && files.count == jobCount
            && inputs.elements.count == Int(inputs.ends.last ?? 0)
            && inputs.elements.allSatisfy { $0 >= 0 && $0 < jobCount }
            && files.allSatisfy { $0 >= 0 && $0 < packageCount }
    }
}

/// The reference counts of jobs and package files during an incremental update, which determine added and removed ones.
///
/// Jobs of the previous plan are numbered by their index in it; new jobs follow.
///
/// - SeeAlso: `docs/decisions/0093-job-graph-state.md`
struct JobReferenceCounts {
    /// The position of a new job.
    struct NewJob {
        var graph: Int
        var number: JobGraph.JobNumber
    }

    /// A referenced job does not exist: the incremental state does not match the store.
    struct UnknownJob: Error {}

    private let before: JobUses
    private var jobs: ReferenceCounts
    private var packages: ReferenceCounts
    /// The new jobs by number, without those of the previous plan.
    private var made: [NewJob] = []
    private var inputs = FlatLists()
    private var files: [Int32] = []

    /// - Parameter graphs: The graphs with the jobs of all solved cells.
    init(_ before: JobUses, adding graphs: [JobGraph]) {
        self.before = before
        jobs = ReferenceCounts(before.jobs)
        packages = ReferenceCounts(before.packages)
        for (index, graph) in graphs.enumerated() { add(graph, index) }
    }

    private mutating func add(_ graph: JobGraph, _ index: Int) {
        var numbers: [Int32] = []
        numbers.reserveCapacity(graph.ids.count)
        for job in graph.ids.indices {
            let (number, isNew) = jobs.add(graph.ids[job])
            numbers.append(Int32(number))
            guard isNew else { continue }
            made.append(NewJob(graph: index, number: job))
            inputs.append(graph.inputs[job].lazy.map { numbers[$0] })
            files.append(Int32(packages.add(graph.files[job]).number))
        }
    }

    private func inputs(of job: ReferenceCounts.Number) -> ArraySlice<Int32> {
        let old = before.inputs.count
        return job < old
            ? before.inputs.elements[before.inputs.range(job)] : inputs.elements[inputs.range(job - old)]
    }

    private func files(of job: ReferenceCounts.Number) -> Int {
        Int(job < before.files.count ? before.files[job] : files[job - before.files.count])
    }

    /// Counts references from cells.
    ///
    /// - Throws: `UnknownJob`.
    mutating func retain(_ ids: [Digest]) throws(UnknownJob) {
        try count(ids) { $0.retain($1) }
    }

    /// Removes references from cells.
    ///
    /// - Throws: `UnknownJob`.
    mutating func release(_ ids: [Digest]) throws(UnknownJob) {
        try count(ids) { $0.release($1) }
        guard jobs.isPossible, packages.isPossible else { throw UnknownJob() }
    }

    /// - Parameter count: whether the inputs and the files are counted as well.
    private mutating func count(
        _ ids: [Digest], _ count: (inout ReferenceCounts, ReferenceCounts.Number) -> Bool
    ) throws(UnknownJob) {
        var open: [ReferenceCounts.Number] = []
        for id in ids {
            guard let number = jobs.number(of: id) else { throw UnknownJob() }
            open.append(number)
        }
        while let job = open.popLast() {
            guard count(&jobs, job) else { continue }
            for input in inputs(of: job) { open.append(Int(input)) }
            _ = count(&packages, files(of: job))
        }
    }

    // MARK: The result

    var added: [NewJob] { jobs.newlyUsed.map { made[$0 - before.inputs.count] } }
    var removed: [Digest] { jobs.unused.map(jobs.digest(of:)) }
    var addedPackages: [Digest] { packages.newlyUsed.map(packages.digest(of:)) }
    var removedPackages: [Digest] { packages.unused.map(packages.digest(of:)) }

    /// The jobs and files that are used now.
    ///
    /// - Complexity: O(jobs and their inputs).
    var uses: JobUses {
        let (usedJobs, usedPackages) = (jobs.used, packages.used)
        let indices = Self.indices(of: usedJobs, among: before.jobs.keys.count + jobs.added.count)
        let packageIndices = Self.indices(of: usedPackages, among: before.packages.keys.count + packages.added.count)
        var uses = JobUses(jobs: jobs.counts(of: usedJobs), packages: packages.counts(of: usedPackages))
        uses.inputs.elements.reserveCapacity(before.inputs.elements.count)
        for job in usedJobs {
            uses.inputs.append(inputs(of: job).lazy.map { indices[Int($0)] })
            uses.files.append(packageIndices[files(of: job)])
        }
        return uses
    }

    /// The index of each number in `used`; -1 for numbers that are not in it.
    private static func indices(of used: [ReferenceCounts.Number], among count: Int) -> [Int32] {
        var indices = Array(repeating: Int32(-1), count: count)
        for (index, number) in used.enumerated() { indices[number] = Int32(index) }
        return indices
    }
}
