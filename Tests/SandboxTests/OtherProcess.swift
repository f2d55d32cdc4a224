import Foundation
import TestSupport

extension Program {
    /// This test program, run once more: some things can only be seen from outside of a process.
    ///
    /// - Parameters:
    ///   - filter: the tests to run.
    ///   - user: to run as, given that this process is root.
    init(running filter: String, as user: Int? = nil, environment: [String: String]) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let change = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        self.init(
            change + [own, "--testing-library", "swift-testing", "--filter", filter],
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, isJoined: true)
    }
}
