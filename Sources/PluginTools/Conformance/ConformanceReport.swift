package import PluginHost
package import PluginMessages

/// A step to be tried in a sandbox.
package struct TrialStep: Sendable, Hashable {
    /// The step to try.
    package var step: Step
    /// The syntax of its script.
    package var family: ShellFamily
    /// The environment variables of every step of its environment.
    package var environment: [String: String]
}

/// The results of checking a plugin's file.
package struct ConformanceReport: Sendable {
    /// The result of one check.
    package struct Check: Sendable, Hashable {
        /// How a check ended.
        package enum Status: Sendable, Hashable {
            /// What was checked: `54 scripts`.
            case passed(String)
            /// The problems, each as a sentence with what was expected and found.
            case failed([String])
            /// Why it was skipped.
            case skipped(String)
        }

        /// The name of the check.
        package var name: String
        /// The result.
        package var status: Status

        /// Creates a result, which has passed if there are no problems.
        package init(_ name: String, problems: [String], tried: String) {
            self.name = name
            status = problems.isEmpty ? .passed(tried) : .failed(problems)
        }

        package init(_ name: String, skipped reason: String) {
            self.name = name
            status = .skipped(reason)
        }
    }

    /// The plugin's file.
    package var file: String
    /// `NAME VERSION DIGEST`; nil if it could not be loaded.
    package var identity: Plugin.Identity?
    /// The checks, in the order in which they were made.
    package var checks: [Check]
    /// Distinct steps in the environment that prepare it or install packages.
    package var trials: [TrialStep] = []

    /// Whether no check failed.
    package var isConforming: Bool {
        checks.allSatisfy { if case .failed = $0.status { false } else { true } }
    }
}
