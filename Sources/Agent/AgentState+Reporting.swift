internal import Core
internal import Logging
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

    /// Writes the accepted reports, several in one step.
    mutating func writeReports() async {
        while !reporting.isEmpty {
            let jobs = Array(reporting.prefix(Self.reportLimit))
            reporting.removeFirst(jobs.count)
            guard let error = writeReports(of: jobs) else { continue }
            for job in jobs {
                if let assignment = held[job]?.assignment { await observe(.delayed(assignment, error)) }
            }
        }
    }

    /// Writes the reports on some jobs. If that fails, for example because the disk is full, each heartbeat retries it.
    ///
    /// - Returns: the error, if it failed.
    @discardableResult
    mutating func writeReports(of jobs: [Digest]) -> (any Error)? {
        do {
            var changes: [StorePath: EphemeralChange] = [:]
            for job in jobs {
                guard let entry = held[job], let document = entry.unwritten else { continue }
                changes[try DispatchValues.report(of: job, attempt: entry.assignment.attempt)] = .set(document)
            }
            if !changes.isEmpty { _ = try values.values.change(changes) }
            for job in jobs { held[job]?.unwritten = nil }
            return nil
        } catch {
            logger.debug("cannot write reports", metadata: ["jobs": "\(jobs.count)", "error": "\(error)"])
            return error
        }
    }
}
