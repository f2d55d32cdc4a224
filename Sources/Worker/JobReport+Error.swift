internal import Core
internal import Fetching
internal import Model
internal import OpamSwitch
internal import RunnerInterface

extension JobReport {
    /// The report of a job that ended with an error: a `PackageFailure` is a failure of the package, any other error an
    /// infrastructure failure.
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
}

extension PackageFailure {
    /// Runs `body`, and converts a `RecipeError` into a failure of the package.
    static func blamingRecipe<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as RecipeError {
            throw PackageFailure(.configure, error.description)
        }
    }

    /// Runs `body`, and converts an error about a wrong or missing source into a failure of the package.
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
