import Core
import Foundation
import Glibc
import Supervision
import Synchronization
import System

/// The ssh client that keeps a workspace's connection open, and thereby the workspace.
///
/// It sends a heartbeat to the host every few seconds: if the network drops packets, neither side notices the end of
/// the other.
///
/// - SeeAlso: `docs/decisions/0056-ssh-workspace-owner.md`
final class ControlConnection: Sendable {
    private struct State {
        /// The client's standard input; -1 once closed.
        var controlPipe: Int32
        var output = ""
        var result: CommandResult?
    }

    private final class Shared: Sendable {
        let state: Mutex<State>
        /// Yields after output, and ends with the client.
        let changes: AsyncStream<Void>
        private let change: AsyncStream<Void>.Continuation

        init(controlPipe: Int32) {
            state = Mutex(State(controlPipe: controlPipe))
            (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        }

        func add(_ bytes: [UInt8]) {
            state.withLock { $0.output = String(($0.output + String(decoding: bytes, as: UTF8.self)).suffix(2000)) }
            change.yield()
        }

        func end(_ result: CommandResult) {
            state.withLock { $0.result = result }
            change.finish()
        }
    }

    private let shared: Shared
    private let running: Task<Void, Never>

    /// Starts the client with `script` as the beginning of its input.
    init(host: RemoteHost, control: String, script: RemoteScript) throws(Failure) {
        let words = host.words(control: control, isMaster: true, "exec /bin/sh -s")
        let environment = host.client.environment
        let input = try Supervision.Pipe()
        let reading = fcntl(input.reading, F_DUPFD_CLOEXEC, 0)
        let shared = Shared(controlPipe: input.takeWriting())
        self.shared = shared
        running = Task.detached {
            let result = await Supervisor.run { cancellation in
                ControlConnection.supervise(words, environment, script.text, input: reading, cancellation, shared)
            }
            shared.end(result)
        }
        // A dedicated thread: heartbeats must be sent however busy this process is.
        let pause = UInt32(host.client.timeout) * 250_000
        BlockingWork.start {
            RemoteSession.blockBrokenPipe()
            var number = 0
            repeat {
                usleep(pause)
                number += 1
            } while ControlConnection.beat(number, shared)
        }
    }

    deinit {
        endInput()
    }

    /// Whether the client has ended.
    var isLost: Bool { shared.state.withLock { $0.result != nil } }

    /// Waits until the workspace exists.
    ///
    /// - Returns: the login user's numeric id on the host.
    /// - Throws: `RemoteRefusal` with the output of ssh; `CancellationError`.
    func waitUntilReady(of host: RemoteHost) async throws -> Int {
        var changes = shared.changes.makeAsyncIterator()
        while true {
            let (output, result) = shared.state.withLock { ($0.output, $0.result) }
            // A login script may print lines that end with CRLF.
            let last = output.textLines.last { !$0.isEmpty } ?? ""
            if output.utf8.last == UInt8(ascii: "\n"), last.hasPrefix("ready "), let user = Int(last.dropFirst(6)) {
                return user
            }
            if let result { throw RemoteRefusal(host, output: output, ending: result.ending) }
            await changes.next()
            try Task.checkCancellation()
        }
    }

    /// Ends the connection, and waits until the host has removed the workspace or no longer responds.
    func close() async {
        endInput()
        let deadline = Task {
            try await Task.sleep(for: .seconds(10))
            running.cancel()
        }
        await running.value
        deadline.cancel()
    }

    private func endInput() {
        shared.state.withLock { state in
            if state.controlPipe >= 0 { Glibc.close(state.controlPipe) }
            state.controlPipe = -1
        }
    }

    /// Sends a heartbeat. The pipe's buffer holds more lines than are ever unread while the connection counts as alive.
    ///
    /// - Returns: false once the session has ended.
    private static func beat(_ number: Int, _ shared: Shared) -> Bool {
        shared.state.withLock { state in
            if state.controlPipe >= 0 { RemoteSession.send("\(number)\n", to: state.controlPipe) }
            return state.controlPipe >= 0
        }
    }

    private static func supervise(
        _ words: [String], _ environment: [String: String], _ script: String, input: Int32,
        _ cancellation: Cancellation, _ shared: Shared
    ) -> CommandResult {
        defer { Glibc.close(input) }
        do throws(Failure) {
            let printed = try Supervision.Pipe()
            let process = try RemoteSession.start(
                words, environment: environment, input: input, output: printed.writing, error: printed.writing)
            // A descriptor of its own: the connection may be ended meanwhile, and the number then be that of another
            // file.
            let controlPipe = shared.state.withLock { state in
                state.controlPipe < 0 ? -1 : fcntl(state.controlPipe, F_DUPFD_CLOEXEC, 0)
            }
            if controlPipe >= 0 {
                RemoteSession.send(script, to: controlPipe)
                Glibc.close(controlPipe)
            }
            let supervisor = Supervisor(
                process: process, limits: Limits(time: nil, silence: nil, output: nil), group: .none,
                cancellation: cancellation, disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .status)
            return supervisor.run(output: printed.takeReading(), status: -1) { shared.add($0) }
        } catch {
            return CommandResult(ending: .setupFailed(error.description))
        }
    }
}
