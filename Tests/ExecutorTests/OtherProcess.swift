import Foundation
import Glibc

/// This test program, run once more: some things can only be seen from outside of a process.
struct OtherProcess {
    let process: Process
    private let output: Foundation.Pipe

    /// - Parameters:
    ///   - filter: the tests to run.
    ///   - user: to run as, given that this process is root.
    init(running filter: String, as user: Int? = nil, environment: [String: String] = [:]) throws {
        process = Process()
        output = Foundation.Pipe()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let arguments = [own, "--testing-library", "swift-testing", "--filter", filter]
        let change = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = change + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    /// Waits for its end.
    func finish() -> (status: Int32, output: String) {
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
