internal import Core
internal import Foundation
internal import LogReading
internal import Model
internal import PluginMessages
internal import Supervision

/// Classifies a failed step as a failure of the package or of the machine.
///
/// - SeeAlso: `docs/decisions/0112-machine-limits.md`
/// - SeeAlso: `docs/decisions/0152-conflicting-system-packages.md`
/// - SeeAlso: `docs/decisions/0202-believed-output.md`
struct StepClassifier: Sendable {
    /// The reader with the patterns of the target's tools.
    let reader: LogReader
    /// A directory on the file system that the job wrote to.
    let scratch: String
    /// The limits of the job.
    let limits: Limits
    /// The limits of this machine; nil if the job runs on another one.
    let machine: HostLimits?

    /// The error with which the job ends.
    ///
    /// Must be called before the files of the step are removed, because a full disk is detected by checking the file
    /// system.
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
        // Without tar, unzip, patch or a decompressor, no source can be unpacked or patched.
        if failure.isOwn, finding.kind == .missingTool {
            return MachineFailure("step '\(failure.name)': the environment lacks a program: \(reason)", error: error)
        }
        if machine == nil, finding.origin == .infrastructure, Self.isBelievedOfHosts(finding.kind) {
            return MachineFailure("step '\(failure.name)': \(reason)", error: error)
        }
        let blamed = finding.phase.flatMap { Phase(rawValue: $0.rawValue) }
        return PackageFailure(blamed ?? failure.phase, reason, signature: finding.signature, error: error)
    }

    /// Steps that install system packages run the distribution's commands, not the package's. They are a failure of the
    /// package only if it requests a system package that the distribution does not have.
    private func systemPackageError(
        _ failure: PackageBuild.StepFailure, _ finding: LogFinding?, reason: String, _ error: CellResult.LoggedError?
    ) -> any Error {
        if let finding, finding.kind == .missingSystemPackage {
            let signature = finding.subject.map { "no system package \($0)" } ?? finding.signature
            return PackageFailure(.depext, finding.message, signature: signature, error: error)
        }
        return MachineFailure("system packages: \(reason)", error: error)
    }

    /// Whether output of a package's own command on a host reached by ssh is believed to be about the host, whose state
    /// cannot be checked.
    ///
    /// Timeouts are enforced by the runner, and a package's own commands have no access to the network and to system
    /// packages, so messages about these are the package's own.
    private static func isBelievedOfHosts(_ kind: LogPattern.Kind) -> Bool {
        switch kind {
        case .noSpace, .outOfMemory, .sandbox, .runner: true
        default: false
        }
    }

    /// Messages of C libraries, shells and build tools about resources that the machine refuses.
    private static let refusals: [(text: String, resource: HostLimits.Resource)] = [
        ("Cannot allocate memory", .memory), ("memory exhausted", .memory), ("ut of memory", .memory),
        ("Resource temporarily unavailable", .processes), ("annot fork", .processes), ("can't fork", .processes),
        ("Too many open files", .files),
    ]

    /// A package may print anything. A message about a refused resource is believed only if the machine's limit is
    /// lower than the job's, and one about a full disk only if the disk is full.
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
