internal import Core
internal import Documents
internal import Fetching
internal import OpamSwitch

/// The outcome of a job that ended with an error.
struct Verdict {
    let report: JobReport

    /// Only a `PackageFailure` blames the package; an error of any other type is an infrastructure failure.
    init(_ error: any Error) {
        switch error {
        case is CancellationError:
            report = JobReport(outcome: .cancelled, duration: 0)
        case let failure as PackageFailure:
            var failed = JobReport(outcome: .failure, duration: 0)
            failed.phase = failure.phase
            failed.reason = failure.reason
            failed.signature = failure.signature
            report = failed
        case let failure as PermanentFailure:
            var failed = Self.infrastructure(failure.failure)
            failed.isPermanent = true
            report = failed
        case let failure as Failure:
            report = Self.infrastructure(failure)
        case let error as any FailureConvertible:
            report = Self.infrastructure(error.failure)
        default:
            report = Self.infrastructure("\(error)")
        }
    }

    private static func infrastructure(_ failure: Failure) -> JobReport {
        let diagnostic = failure.diagnostics.first
        return infrastructure(
            (diagnostic?.message ?? failure.description) + (diagnostic?.hint.map { " (\($0))" } ?? ""))
    }

    private static func infrastructure(_ reason: String) -> JobReport {
        var report = JobReport(outcome: .infrastructure, duration: 0)
        report.reason = reason
        return report
    }
}

extension PackageFailure {
    /// Runs `body`, in which a recipe that cannot be followed is the package's failure.
    static func blamingRecipe<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as RecipeError {
            throw PackageFailure(.configure, error.description)
        }
    }

    /// Runs `body`, in which an error that says that the package's source is wrong or missing is the package's failure.
    static func blamingSource<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as SourceError where error.blamesPackage {
            throw PackageFailure(.fetch, error.description)
        }
    }
}

extension SourceError {
    /// Whether the opam file names a source that does not exist, or another one than its checksums say.
    fileprivate var blamesPackage: Bool {
        switch kind {
        case .rejected, .missing: true
        case .network, .damaged, .moved: false
        }
    }
}
