internal import Core
internal import Foundation
internal import Model
internal import PluginMessages
internal import Supervision

/// Decides what a failed step means: a failure of the package, or one of the machine.
struct StepClassifier: Sendable {
    /// Knows what the target's tools print.
    let reader: LogReader
    /// A directory on the file system that the job wrote to.
    let scratch: String
    /// Of the job.
    let limits: Limits
    /// What this machine lets a job have; nil where the job runs on another one.
    let machine: HostLimits?

    /// The error with which the job ends.
    ///
    /// To be called while what the step wrote is still there: a full disk is recognised by looking.
    func error(for failure: PackageBuild.StepFailure) -> any Error {
        let ending = failure.result.ending
        if failure.result.isInfrastructure {
            return Failure(.unavailable, "step '\(failure.name)': \(ending)", hint: failure.result.detail)
        }
        switch ending {
        case .timedOut, .outOfMemory, .processLimit, .outputLimit, .diskLimit:
            guard failure.phase != .depext else { return MachineFailure("step '\(failure.name)': \(ending)") }
            let detail = failure.result.detail.map { ": \($0)" } ?? ""
            return PackageFailure(failure.phase, "\(ending)\(detail)", signature: ending.description)
        default: break
        }
        let finding = reader.read(failure.output)
        if failure.phase == .depext { return systemPackageError(failure, finding) }
        if let shortage = shortage(explaining: failure.output) {
            return MachineFailure("\(finding?.line ?? ending.description) (\(shortage))")
        }
        guard let finding else { return PackageFailure(failure.phase, failure.withoutErrorLine) }
        let blamed = finding.phase.flatMap { Phase(rawValue: $0.rawValue) }
        return PackageFailure(blamed ?? failure.phase, finding.line, signature: finding.signature)
    }

    /// The steps that install system packages are the distribution's commands, not the package's. The package is to blame
    /// only where they say that it asks for something that the distribution does not have.
    private func systemPackageError(_ failure: PackageBuild.StepFailure, _ finding: LogReader.Finding?) -> any Error {
        guard let finding else { return MachineFailure("system packages: \(failure.withoutErrorLine)") }
        if finding.phase == .depext, finding.kind == .missingSystemPackage || finding.kind == .failure {
            return PackageFailure(.depext, finding.line, signature: finding.signature)
        }
        return MachineFailure("system packages: \(finding.line)")
    }

    /// What C libraries, shells and build tools print where the machine refuses something.
    private static let refusals: [(text: String, resource: HostLimits.Resource)] = [
        ("Cannot allocate memory", .memory), ("memory exhausted", .memory), ("ut of memory", .memory),
        ("Resource temporarily unavailable", .processes), ("annot fork", .processes), ("can't fork", .processes),
        ("Too many open files", .files),
    ]

    /// A package may print anything: that the machine refused something is believed only where the machine's limit is tighter
    /// than the job's, and that the disk is full only where it is.
    private func shortage(explaining printed: String) -> String? {
        if ["No space left on device", "Disk quota exceeded"].contains(where: printed.contains) {
            do {
                try ResourcePreflight.check(scratch)
            } catch {
                return error.diagnostics.first?.message
            }
        }
        guard let machine else { return nil }
        return Self.refusals.lazy.filter { printed.contains($0.text) }
            .compactMap { machine.shortage(of: $0.resource, for: limits) }.first
    }
}
