internal import Core
internal import Fetching
internal import Model
internal import OpamSwitch
internal import RunnerInterface

extension JobReport {
    /// The report of a job that ended with an error: only a `PackageFailure` blames the package; an error of any other type
    /// is an infrastructure failure.
    init(endingWith error: any Error) {
        switch error {
        case is CancellationError: self.init(outcome: .cancelled, duration: 0)
        case let failure as PackageFailure:
            self.init(outcome: .failure, duration: 0)
            phase = failure.phase
            reason = failure.reason
            signature = failure.signature
            self.error = failure.error
        case let failure as PermanentFailure:
            self.init(infrastructure: failure.failure)
            isPermanent = true
        case let failure as MachineFailure:
            self.init(infrastructure: Failure(describing: failure))
            self.error = failure.error
        default: self.init(infrastructure: Failure(describing: error))
        }
    }

    private init(infrastructure failure: Failure) {
        self.init(outcome: .infrastructure, duration: 0)
        let diagnostic = failure.diagnostics.first
        reason = (diagnostic?.message ?? failure.description) + (diagnostic?.hint.map { " (\($0))" } ?? "")
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
        } catch let error as SourceError where error.category == .input {
            throw PackageFailure(.fetch, error.description)
        }
    }
}
