internal import Foundation
package import System

extension ProcessEnvironment {
    /// The variables with which the tests run.
    package static let ofTests = ProcessEnvironment(ProcessInfo.processInfo.environment)
}
