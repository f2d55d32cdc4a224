internal import Core

/// A failure of the infrastructure that another attempt in the same run would not change, so that none is made.
struct PermanentFailure: FailureConvertible, CustomStringConvertible {
    let failure: Failure

    /// - Parameter failure: of whichever kind; what a plugin answers wrongly is no fault of a package either.
    init(_ failure: Failure) {
        self.failure = Failure(.infrastructure, failure.diagnostics)
    }

    init(_ message: String, hint: String? = nil) {
        self.init(Failure(.infrastructure, message, hint: hint))
    }

    var description: String { failure.description }
}
