/// A failure of the infrastructure that another attempt in the same run would not change, so that none is made.
package struct PermanentFailure: FailureConvertible, CustomStringConvertible {
    package let failure: Failure

    /// - Parameter failure: of whichever kind; what a plugin answers wrongly is no fault of a package either.
    package init(_ failure: Failure) {
        self.failure = Failure(.infrastructure, failure.diagnostics)
    }

    package init(_ message: String, hint: String? = nil) {
        self.init(Failure(.infrastructure, message, hint: hint))
    }

    package var description: String { failure.description }
}
