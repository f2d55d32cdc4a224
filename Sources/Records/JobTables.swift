package import Core
package import Git
package import Model

/// The jobs of plans in a directory of the cache, in a file for each set of jobs, named after its tree. Reading such a
/// file takes a tenth of the time of reading each job's document.
///
/// - SeeAlso: `docs/decisions/0316-job-tables.md`
package struct JobTables: Sendable {
    private let files: DerivedFiles

    package init(_ directory: String) {
        files = DerivedFiles(in: directory, format: "ciso jobs 1", suffix: ".jobs", capacity: 8)
    }

    /// Whether there is a valid file for this tree.
    package func has(_ tree: ObjectID) -> Bool { files.read("\(tree)") { _ in true } ?? false }

    /// Reads the jobs of this tree; nil if there is no valid file.
    package func jobs(of tree: ObjectID) -> [Digest: Job]? {
        files.read("\(tree)") { JobTable.read($0) }
    }

    /// Stores the jobs of this tree. If that fails, their documents are read.
    package func keep(_ jobs: [Digest: Job], of tree: ObjectID) {
        files.keep(JobTable.bytes(of: jobs), as: "\(tree)")
    }
}

/// A set of jobs as arrays: jobs differ mostly in their packages and inputs, so everything else is stored once.
private enum JobTable {
    /// Differs on machines with another byte order.
    private static let signature: Int32 = 0x0C15_0002

    /// A job with everything that many jobs have in common.
    private static func common(_ job: Job) -> Job {
        var common = job
        (common.package, common.opam, common.inputs) = (PackageVersion(name: "any", version: "1"), .zero, [])
        return common
    }

    static func bytes(of jobs: [Digest: Job]) -> [UInt8] {
        var (ids, numbers) = (Array(jobs.keys), [Digest: Int32](minimumCapacity: jobs.count))
        for (number, id) in ids.enumerated() { numbers[id] = Int32(number) }
        var (commons, packages) = (Interned<Job>(), Interned<PackageVersion>())
        var (opams, rows, inputs, ends): ([Digest], [Int32], [Int32], [Int32]) = ([], [], [], [])
        for index in 0..<jobs.count {
            guard let job = jobs[ids[index]] else { continue }
            rows += [commons.number(of: common(job)), packages.number(of: job.package)]
            opams.append(job.opam)
            for input in job.inputs {
                if let known = numbers[input] {
                    inputs.append(known)
                } else {
                    // An input that the set lacks has a number after those of its jobs.
                    numbers[input] = Int32(ids.count)
                    inputs.append(Int32(ids.count))
                    ids.append(input)
                }
            }
            ends.append(Int32(inputs.count))
        }
        var writer = FlatWriter()
        writer.write([signature, Int32(commons.values.count), Int32(packages.values.count)])
        for job in commons.values { writer.write(job.document) }
        for package in packages.values {
            writer.write(package.name)
            writer.write(package.version)
        }
        writer.write(ids)
        writer.write(opams)
        writer.write(rows)
        writer.write(inputs)
        writer.write(ends)
        return writer.bytes
    }

    /// Nil if the bytes are not a table of this program.
    static func read(_ bytes: UnsafeRawBufferPointer) -> [Digest: Job]? {
        var reader = FlatReader(bytes: bytes)
        guard let head = reader.numbers(), head.count == 3, head[0] == signature else { return nil }
        var (commons, packages): ([Job], [PackageVersion]) = ([], [])
        for _ in 0..<head[1] {
            guard let document = reader.array(of: UInt8.self), let job = Job.read(document) else { return nil }
            commons.append(job)
        }
        for _ in 0..<head[2] {
            guard let name = reader.text(), let version = reader.text() else { return nil }
            packages.append(PackageVersion(name: name, version: version))
        }
        guard let ids = reader.array(of: Digest.self), let opams = reader.array(of: Digest.self),
            let rows = reader.numbers(), let inputs = reader.numbers(), let ends = reader.numbers(),
            rows.count == 2 * opams.count, ends.count == opams.count, ids.count >= opams.count,
            Int(ends.last ?? 0) == inputs.count, inputs.allSatisfy({ ids.indices.contains(Int($0)) })
        else { return nil }
        var jobs = [Digest: Job](minimumCapacity: opams.count)
        var start = 0
        for index in opams.indices {
            let (common, package, end) = (Int(rows[2 * index]), Int(rows[2 * index + 1]), Int(ends[index]))
            guard commons.indices.contains(common), packages.indices.contains(package), start <= end else { return nil }
            var job = commons[common]
            (job.package, job.opam) = (packages[package], opams[index])
            job.inputs = inputs[start..<end].map { ids[Int($0)] }
            jobs[ids[index]] = job
            start = end
        }
        return jobs
    }
}

/// Distinct values, numbered in the order of their first occurrence.
private struct Interned<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int32] = [:]

    mutating func number(of value: Value) -> Int32 {
        if let known = numbers[value] { return known }
        numbers[value] = Int32(values.count)
        values.append(value)
        return Int32(values.count - 1)
    }
}
