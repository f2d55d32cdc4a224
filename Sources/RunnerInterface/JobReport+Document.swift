package import Core
package import Model

extension JobReport {
    /// The report in a worker's document.
    ///
    /// - Parameter object: Reads a part that did not fit into the document.
    package init(_ report: ExecutionReport, object: (Digest) throws -> [UInt8]?) rethrows {
        self.init(outcome: report.outcome, duration: report.duration)
        isPermanent = report.isPermanent ?? false
        phase = report.phase
        signature = report.signature
        reason = report.reason
        error = report.error
        log = report.log
        layer = report.layer
        machine = report.machine
        pluginFile = report.pluginFile
        durations = report.durations
        var details = report.details
        if let digest = report.detailsObject, let bytes = try object(digest) {
            details = try? CanonicalJSON.decode(ExecutionReport.Details.self, from: bytes)
        }
        systemPackages = details?.systemPackages
        confirmation = details?.confirmation
        generated = details?.generated
        image = details?.image
        overwrites = report.overwrites ?? []
        if let digest = report.overwritesObject, let bytes = try object(digest) {
            overwrites = (try? CanonicalJSON.decode([CellResult.Overwrite].self, from: bytes)) ?? []
        }
    }
}

extension ExecutionReport {
    /// The document of a worker about a completed assignment.
    package init(
        _ report: JobReport, of assignment: JobAssignment, worker: String, base: Digest?, finished: Double
    ) {
        self.init(
            attempt: assignment.attempt, deployment: assignment.deployment, worker: worker, outcome: report.outcome,
            duration: report.duration, finished: finished)
        isPermanent = report.isPermanent ? true : nil
        phase = report.phase
        signature = report.signature
        reason = report.reason
        error = report.error
        log = report.log
        layer = report.layer
        self.base = base
        machine = report.machine
        pluginFile = report.pluginFile
        durations = report.durations
        let details = Details(
            systemPackages: report.systemPackages, confirmation: report.confirmation, generated: report.generated,
            image: report.image)
        self.details = details == Details() ? nil : details
        overwrites = report.overwrites.isEmpty ? nil : report.overwrites
    }
}
