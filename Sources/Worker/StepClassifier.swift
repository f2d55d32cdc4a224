internal import Core
internal import Documents
internal import Executor
internal import Foundation
internal import PluginMessages

/// Decides what a failed step means: a failure of the package, or one of the machine.
struct StepClassifier: Sendable {
    /// Knows what the target's tools print.
    let reader: LogReader
    /// A directory on the file system that the job wrote to.
    let scratch: String

    /// The error with which the job ends.
    ///
    /// To be called while what the step wrote is still there: a full disk is recognised by looking.
    func error(for failure: BuildSession.StepFailure) -> any Error {
        let ending = failure.result.ending
        if failure.result.isInfrastructure {
            return Failure(.infrastructure, "step '\(failure.name)': \(ending)")
        }
        switch ending {
        case .timedOut, .outOfMemory, .processLimit, .outputLimit, .diskLimit:
            guard failure.phase != .depext else { return MachineFailure("step '\(failure.name)': \(ending)") }
            return PackageFailure(failure.phase, ending.description)
        default: break
        }
        let finding = reader.read(failure.output)
        if failure.phase == .depext { return systemPackageError(failure, finding) }
        guard let finding else { return PackageFailure(failure.phase, failure.withoutErrorLine) }
        if isMachine(finding.kind) { return MachineFailure(finding.line) }
        let blamed = finding.phase.flatMap { Phase(rawValue: $0.rawValue) }
        return PackageFailure(blamed ?? failure.phase, finding.line, signature: finding.signature)
    }

    /// The steps that install system packages are the distribution's commands, not the package's. The package is to blame
    /// only where they say that it asks for something that the distribution does not have.
    private func systemPackageError(_ failure: BuildSession.StepFailure, _ finding: LogReader.Finding?) -> any Error {
        guard let finding else { return MachineFailure("system packages: \(failure.withoutErrorLine)") }
        if finding.phase == .depext, finding.kind == .missingSystemPackage || finding.kind == .failure {
            return PackageFailure(.depext, finding.line, signature: finding.signature)
        }
        return MachineFailure("system packages: \(finding.line)")
    }

    /// A package may print anything: that the disk is full is believed only where it is.
    private func isMachine(_ kind: LogPattern.Kind?) -> Bool {
        kind == .noSpace && (try? Headroom.check(scratch)) == nil
    }
}
