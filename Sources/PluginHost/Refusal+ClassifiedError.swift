public import Core
public import PluginMessages

extension Refusal: ClassifiedError {
    /// The plugin was asked for something that it does not support.
    public var category: ErrorCategory { .input }
    public var diagnostics: [Diagnostic] { [Diagnostic(.error, message, hint: hint)] }
}
