package import PluginHost
package import PluginMessages

/// A step to be tried in a sandbox, and how it is run.
package struct TrialStep: Sendable, Hashable {
    /// The step to try.
    package var step: Step
    /// The syntax of its script.
    package var family: ShellFamily
    /// What every step of its environment sees.
    package var environment: [String: String]
}

/// What the conformance suite found out about a plugin's file.
package struct ConformanceReport: Sendable {
    /// One thing that was tried.
    package struct Check: Sendable, Hashable {
        /// How a check ended.
        package enum Status: Sendable, Hashable {
            /// How much was tried: `54 scripts`.
            case passed(String)
            /// Each a sentence with what was expected and found.
            case failed([String])
            /// Why it could not be tried.
            case skipped(String)
        }

        /// What was checked.
        package var name: String
        /// How it ended.
        package var status: Status

        /// Passed unless something was found.
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
    /// The steps in the environment that prepare it or install packages, each script once.
    package var trials: [TrialStep] = []

    /// Whether no check failed.
    package var isConforming: Bool {
        checks.allSatisfy { if case .failed = $0.status { false } else { true } }
    }
}
