internal import Foundation
internal import Glibc

/// A `ci serve` that runs during a test, on a free port.
package final class WebServer: Sendable {
    private let program: RunningProgram
    /// `http://127.0.0.1:PORT`.
    package let address: String

    /// Whether the server is built and in the directory of `ci`.
    package static var isBuilt: Bool {
        (try? BuiltProgram.path(of: "ciso-serve")) != nil && Program.areInstalled("curl")
    }

    /// Starts the server and waits until it listens.
    ///
    /// - Parameter prefix: A program with arguments that executes the server.
    /// - Throws: `NotInTime` with its output if it ended instead.
    package init(
        _ words: [String], by prefix: [String] = [], environment: [String: String], in directory: String
    ) async throws {
        let program = try Program(
            prefix + [BuiltProgram.path(of: "ci"), "serve", "--listen", "127.0.0.1:0"] + words, in: directory,
            environment: environment
        ).start()
        self.program = program
        nonisolated(unsafe) var found: String?
        do {
            try await waitUntil("the server listens") {
                found = program.messages.firstMatch(of: /serving (http:\/\/127\.0\.0\.1:\d+)\//).map { String($0.1) }
                if found == nil, !program.isRunning { throw NotInTime(description: "it ended: \(program.messages)") }
                return found != nil
            }
        } catch {
            program.kill(SIGKILL)
            throw error
        }
        address = found ?? ""
    }

    deinit { program.kill(SIGKILL) }

    /// The id of its process.
    package var identifier: Int32 { program.identifier }

    /// The access log so far.
    package var accessLog: String { program.output }

    /// Ends it by SIGTERM.
    package func stop() async throws -> Program.Ending {
        program.kill(SIGTERM)
        return try await program.end()
    }

    /// An answer as curl shows it.
    package struct Answer: Sendable {
        package var status: Int
        /// By their names in lower case.
        package var headers: [String: String]
        package var body: String
    }

    /// Sends a request by curl.
    ///
    /// - Parameter options: Those of curl, before the address.
    package func request(_ path: String, _ options: String...) throws -> Answer {
        let ending = try Program(["curl", "-sS", "-i", "--max-time", "900"] + options + [address + path]).run()
        guard ending.status == 0 else { throw ProgramFailure(program: Program(["curl", path]), ending: ending) }
        let text = ending.output.replacing("\r\n", with: "\n")
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = (parts.first ?? "").split(separator: "\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            if field.count == 2 {
                headers[field[0].lowercased()] = field[1].trimmingCharacters(in: .whitespaces)
            }
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
    }
}
