internal import Core
internal import Documents
internal import Executor
internal import Fetching
internal import OpamSwitch
internal import PluginMessages

/// What an error in running a job says about the package: whether it is to blame, for what, and where.
struct Verdict {
    let report: JobReport

    /// - Parameters:
    ///   - reader: knows what the target's tools print.
    ///   - scratch: a directory on the file system that the job wrote to.
    init(_ error: any Error, log: JobLog, reader: LogReader, scratch: String) {
        switch error {
        case is CancellationError:
            report = JobReport(outcome: .cancelled, duration: 0)
        case let error as BuildSession.StepFailure:
            report = Self.judge(error, log: log, reader: reader, scratch: scratch)
        case let error as SourceError:
            report =
                error.kind == .network || error.kind == .moved
                ? Self.infrastructure(error.description) : Self.failure(.fetch, error.description)
        case let error as RecipeError:
            report = Self.failure(.configure, error.description)
        case SystemPackageLayers.Refusal.unknown(let names):
            report = Self.failure(.depext, "no system package \(names.joined(separator: ", "))")
        case SystemPackageLayers.Refusal.forbidden(let names, let reason):
            report = Self.failure(
                .depext, "no right to install \(names.joined(separator: ", ")): \(reason)",
                signature: "no right to install \(names.joined(separator: ", "))")
        case SystemPackageLayers.Refusal.failed(let step, let result):
            let failure = BuildSession.StepFailure(phase: .depext, name: step.name, result: result, logStart: 0)
            report = Self.judge(failure, log: log, reader: reader, scratch: scratch)
        case let error as Failure where error.kind == .input:
            report = Self.failure(.install, error.diagnostics.first?.message ?? error.description)
        case let error as Failure:
            let diagnostic = error.diagnostics.first
            report = Self.infrastructure(
                (diagnostic?.message ?? error.description) + (diagnostic?.hint.map { " (\($0))" } ?? ""))
        default:
            report = Self.infrastructure("\(error)")
        }
    }

    private static func infrastructure(_ reason: String) -> JobReport {
        var report = JobReport(outcome: .infrastructure, duration: 0)
        report.reason = reason
        return report
    }

    private static func failure(_ phase: Phase, _ reason: String, signature: String? = nil) -> JobReport {
        var report = JobReport(outcome: .failure, duration: 0)
        report.phase = phase
        report.reason = reason
        report.signature = signature ?? normalized(reason)
        return report
    }

    private static func judge(
        _ failure: BuildSession.StepFailure, log: JobLog, reader: LogReader, scratch: String
    ) -> JobReport {
        let ending = failure.result.ending
        let phase = failure.phase
        if failure.result.isInfrastructure { return infrastructure("step '\(failure.name)': \(ending)") }
        switch ending {
        case .timedOut, .outOfMemory, .processLimit, .outputLimit, .diskLimit:
            return Self.failure(phase, ending.description, signature: ending.description)
        default: break
        }
        guard let finding = reader.read(failure.output ?? log.text(from: failure.logStart)) else {
            return Self.failure(phase, "step '\(failure.name)': \(ending)")
        }
        if isMachine(finding.kind, in: failure.phase, scratch: scratch) { return infrastructure(finding.line) }
        let blamed = finding.phase.flatMap { Phase(rawValue: $0.rawValue) }
        return Self.failure(blamed ?? phase, finding.line, signature: finding.signature)
    }

    /// A package may print anything: that the network or a mirror failed is believed only of the steps that may reach
    /// them, and that the disk is full only where it is.
    private static func isMachine(_ kind: LogPattern.Kind?, in phase: Phase, scratch: String) -> Bool {
        switch kind {
        case .infrastructure: phase == .depext
        case .noSpace: (try? Headroom.check(scratch)) == nil
        default: false
        }
    }
}
