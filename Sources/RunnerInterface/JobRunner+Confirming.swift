internal import Model

extension JobRunner {
    /// Runs `request` and, where it fails and the failure is to be confirmed, runs it again as often as the request says.
    ///
    /// The first failure is reported where all runs fail, and the first success otherwise; the report has all runs. Where
    /// one of the further runs ends otherwise, for the infrastructure or because it is cancelled, so does the job: nothing
    /// was confirmed.
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
