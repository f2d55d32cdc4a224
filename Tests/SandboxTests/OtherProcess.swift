import Foundation
import TestSupport

extension Program {
    /// This test program in another process: some behaviour is visible only from outside of a process.
    ///
    /// - Parameters:
    ///   - filter: the tests to run.
    /// - user: the user to run as, provided that this process is root.
    init(running filter: String, as user: Int? = nil, environment: [String: String]) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let change = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        self.init(
            change + [own, "--testing-library", "swift-testing", "--filter", filter],
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, isJoined: true)
    }
}
