internal import Core
internal import Foundation
internal import LogReading
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
        let finding = failure.finding(by: reader)
        let error = finding.map { CellResult.LoggedError($0) }
        let reason = finding.flatMap { $0.pattern == nil ? nil : $0.message } ?? failure.withoutErrorLine
        if failure.phase == .depext { return systemPackageError(failure, finding, reason: reason, error) }
        if let shortage = shortage(explaining: failure.output) {
            return MachineFailure("\(reason) (\(shortage))", error: error)
        }
        guard let finding, finding.pattern != nil else { return PackageFailure(failure.phase, reason, error: error) }
        if machine == nil, finding.origin == .infrastructure, Self.isBelievedOfHosts(finding.kind) {
            return MachineFailure("step '\(failure.name)': \(reason)", error: error)
        }
        let blamed = finding.phase.flatMap { Phase(rawValue: $0.rawValue) }
        return PackageFailure(blamed ?? failure.phase, reason, signature: finding.signature, error: error)
    }

    /// The steps that install system packages are the distribution's commands, not the package's. The package is to blame
    /// only where they say that it asks for something that the distribution does not have.
    private func systemPackageError(
        _ failure: PackageBuild.StepFailure, _ finding: LogFinding?, reason: String, _ error: CellResult.LoggedError?
    ) -> any Error {
        if let finding, finding.kind == .missingSystemPackage {
            let signature = finding.subject.map { "no system package \($0)" } ?? finding.signature
            return PackageFailure(.depext, finding.message, signature: signature, error: error)
        }
        return MachineFailure("system packages: \(reason)", error: error)
    }

    /// Whether a package's own command on a host reached by ssh may say so of the host, which cannot be asked.
    ///
    /// Time is watched by the runner, and a package's own commands have no right to the network and to system packages: what they
    /// print of those is the package's.
    private static func isBelievedOfHosts(_ kind: LogPattern.Kind) -> Bool {
        switch kind {
        case .noSpace, .outOfMemory, .sandbox, .runner: true
        default: false
        }
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
        guard let machine else { return nil }
        if ["No space left on device", "Disk quota exceeded"].contains(where: printed.contains) {
            do {
                try ResourcePreflight.check(scratch)
            } catch {
                return error.diagnostics.first?.message
            }
        }
        return Self.refusals.lazy.filter { printed.contains($0.text) }
            .compactMap { machine.shortage(of: $0.resource, for: limits) }.first
    }
}
