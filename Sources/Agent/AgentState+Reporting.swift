internal import Core
internal import Model
internal import Records
internal import Store

extension AgentState {
    /// Accepts the report on a job, which is written together with the other reports of the same input.
    mutating func take(_ report: ExecutionReport, of job: Digest) {
        var report = report
        report.claim = held[job]?.progressVersion
        held[job]?.stage = .reported
        held[job]?.reportedAt = .now
        do {
            let blobs = environment.blobs
            let document = try report.document { try blobs.put($0, durably: true) }
            held[job]?.unwritten = document
        } catch {
            var short = report
            (short.overwrites, short.details) = (nil, nil)
            held[job]?.unwritten = try? EphemeralDocument.encode(short)
        }
        reporting.append(job)
    }

    /// Writes the accepted reports, several in one step. After an error, the others wait for the next heartbeat.
    mutating func writeReports() async {
        while !reporting.isEmpty {
            let jobs = Array(reporting.prefix(Self.reportLimit))
            do {
                try writeReports(of: jobs)
                reporting.removeFirst(jobs.count)
            } catch {
                let assignments = reporting.compactMap { held[$0]?.assignment }
                reporting = []
                for assignment in assignments { await observe(.delayed(assignment, error)) }
            }
        }
    }

    /// Writes the reports on some jobs. If that fails, for example because the disk is full, each heartbeat retries it.
    ///
    /// - Throws: Any error of the ephemeral values.
    mutating func writeReports(of jobs: [Digest]) throws {
        var changes: [StorePath: EphemeralChange] = [:]
        for job in jobs {
            guard let entry = held[job], let document = entry.unwritten else { continue }
            changes[try DispatchValues.report(of: job, attempt: entry.assignment.attempt)] = .set(document)
        }
        if !changes.isEmpty { _ = try values.values.change(changes) }
        for job in jobs { held[job]?.unwritten = nil }
    }
}
