public import Core
public import PluginMessages

extension Refusal: ClassifiedError {
    /// The plugin is asked for something that it does not have.
    public var category: ErrorCategory { .input }
    public var diagnostics: [Diagnostic] { [Diagnostic(.error, message, hint: hint)] }
}
