import Core
import Glibc
import Synchronization

/// The ssh client that holds a workspace's connection open, and with it the workspace.
final class RemoteKeeper: Sendable {
    private struct State {
        /// The client's standard input; -1 once closed.
        var lifeline: Int32
        var output = ""
        var result: CommandResult?
    }

    private final class Shared: Sendable {
        let state: Mutex<State>
        init(lifeline: Int32) { state = Mutex(State(lifeline: lifeline)) }
    }

    private let shared: Shared
    private let running: Task<Void, Never>

    /// Starts the client with `script` as the beginning of its input.
    init(words: [String], environment: [String: String], script: String) throws(Failure) {
        let input = try Pipe()
        let reading = fcntl(input.reading, F_DUPFD_CLOEXEC, 0)
        let shared = Shared(lifeline: input.takeWriting())
        self.shared = shared
        running = Task.detached {
            let result = await Supervisor.run { cancellation in
                RemoteKeeper.supervise(words, environment, script, input: reading, cancellation, shared)
            }
            shared.state.withLock { $0.result = result }
        }
    }

    deinit {
        endInput()
    }

    /// Waits until the workspace is there.
    ///
    /// - Throws: `Failure` with what ssh said; `CancellationError`.
    func waitUntilReady(of destination: String) async throws {
        while true {
            let (output, result) = shared.state.withLock { ($0.output, $0.result) }
            if output.hasSuffix("ready\n") { return }
            if let result {
                throw Failure(
                    .infrastructure, "\(destination): no connection (\(result.ending)): \(output)",
                    hint: "try: ssh \(destination) true")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Ends the connection, and waits until the host has removed the workspace or cannot be heard any more.
    func close() async {
        endInput()
        let patience = Task {
            try await Task.sleep(for: .seconds(10))
            running.cancel()
        }
        await running.value
        patience.cancel()
    }

    private func endInput() {
        shared.state.withLock { state in
            if state.lifeline >= 0 { Glibc.close(state.lifeline) }
            state.lifeline = -1
        }
    }

    private static func supervise(
        _ words: [String], _ environment: [String: String], _ script: String, input: Int32,
        _ cancellation: Cancellation, _ shared: Shared
    ) -> CommandResult {
        defer { Glibc.close(input) }
        do throws(Failure) {
            let printed = try Pipe()
            let process = try RemoteSession.start(
                words, environment: environment, input: input, output: printed.writing, error: printed.writing)
            let lifeline = shared.state.withLock { $0.lifeline }
            RemoteSession.send(script, to: lifeline)
            let supervisor = Supervisor(
                process: process, limits: Limits(time: nil, silence: nil, output: nil), group: .none,
                cancellation: cancellation, disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .status)
            return supervisor.run(output: printed.takeReading(), status: -1) { bytes in
                shared.state.withLock {
                    $0.output = String(($0.output + String(decoding: bytes, as: UTF8.self)).suffix(500))
                }
            }
        } catch {
            return CommandResult(ending: .setupFailed(error.description))
        }
    }
}
