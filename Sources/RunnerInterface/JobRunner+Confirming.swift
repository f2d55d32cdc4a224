internal import Model

extension JobRunner {
    /// Runs `request`. If it fails, repeats it as often as the request says, to confirm the failure.
    ///
    /// If all executions fail, the first failure is reported, otherwise the first success; the report lists all
    /// executions. If a repetition has an infrastructure failure or is cancelled, so does the job, because nothing was
    /// confirmed.
    public func runConfirming(
        _ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void
    ) async -> JobReport {
        let first = await run(request, progress: progress)
        guard first.outcome == .failure, request.confirmations > 0 else { return first }
        var reports = [first]
        for _ in 0..<request.confirmations {
            let next = await run(request, progress: progress)
            guard next.outcome == .success || next.outcome == .failure else { return next }
            reports.append(next)
        }
        var report = reports.first { $0.outcome == .success } ?? first
        report.confirmation = reports.map { report in
            CellResult.Execution(
                outcome: report.outcome, phase: report.phase, signature: report.signature, reason: report.reason,
                log: report.log, error: report.error)
        }
        return report
    }
}
