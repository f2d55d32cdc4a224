import Foundation
import Glibc

/// This test program, run once more: some things can only be seen from outside of a process.
struct OtherProcess {
    let process: Spawned
    private let output: String

    /// - Parameters:
    ///   - filter: the tests to run.
    ///   - user: to run as, given that this process is root.
    init(running filter: String, as user: Int? = nil, environment: [String: String]) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let change = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        output = NSTemporaryDirectory() + "ciso-other-process-\(UUID().uuidString)"
        process = try Spawned(
            change + [own, "--testing-library", "swift-testing", "--filter", filter],
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, output: output)
    }

    /// Waits for its end.
    func finish() -> (status: Int32, output: String) {
        let status = process.wait()
        defer { unlink(output) }
        return (status, (try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
    }
}
