internal import Core
internal import Foundation
internal import Glibc
internal import Synchronization
internal import System

/// A connection to QEMU's machine protocol (QMP): commands, their responses, and events.
package final class MachineMonitor: Sendable {
    /// The contents of an event.
    struct Event: Decodable {
        /// The fields of an event that are used.
        struct Details: Decodable {
            var device: String?
            var nospace: Bool?
            var reason: String?
        }

        var event: String
        var data: Details?
    }

    private struct State {
        /// The callers that wait for responses, in the order of their commands.
        var waiting: [CheckedContinuation<[UInt8], any Error>] = []
        var isEnded = false
    }

    private static let lineLimit = 1 << 20
    private let state = Mutex(State())
    private let socket: Int32

    /// Reads from the connection on a separate thread until QEMU ends.
    ///
    /// - Parameters:
    ///   - socket: a connected socket, which is closed when QEMU ends.
    ///   - onEvent: called with each event, on that thread.
    init(_ socket: Int32, onEvent: @escaping @Sendable (Event) -> Void) {
        self.socket = socket
        BlockingWork.start { [self] in
            read(onEvent)
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                state.isEnded = true
                close(socket)
                return state.waiting
            }
            for waiter in waiting { waiter.resume(throwing: Self.ended) }
        }
    }

    private static let ended = Failure(.unavailable, "the virtual machine has ended")

    /// Executes a command.
    ///
    /// - Parameter file: an open file that is sent with the command.
    /// - Throws: `Failure` with QEMU's message, or if QEMU has ended.
    @discardableResult
    package func execute(
        _ command: String, _ arguments: [String: MonitorArgument] = [:], with file: Int32? = nil
    ) async throws -> MonitorResponse {
        let request = Request(execute: command, arguments: arguments.isEmpty ? nil : arguments)
        let bytes = Array(try JSONEncoder().encode(request)) + [0x0a]
        let line = try await withCheckedThrowingContinuation { continuation in
            let obstacle: (any Error)? = state.withLock { state in
                if state.isEnded { return Self.ended }
                do {
                    try send(bytes, through: socket, with: file)
                } catch {
                    return Self.ended
                }
                state.waiting.append(continuation)
                return nil
            }
            if let obstacle { continuation.resume(throwing: obstacle) }
        }
        let reply = try JSONDecoder().decode(Reply.self, from: Data(line))
        if let error = reply.error { throw Failure(.unavailable, "QEMU: \(command): \(error.desc)") }
        return reply.return ?? MonitorResponse(text: nil, status: nil)
    }

    /// Executes a command of QEMU's human monitor (HMP).
    ///
    /// - Returns: the output.
    package func executeHumanCommand(_ command: String) async throws -> String {
        try await execute("human-monitor-command", ["command-line": .text(command)]).text ?? ""
    }

    private func read(_ onEvent: (Event) -> Void) {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = retrying { recv(socket, &buffer, buffer.count, 0) }
            guard count > 0 else { return }
            for byte in buffer[..<count] {
                guard byte == 0x0a else {
                    line.append(byte)
                    if line.count > Self.lineLimit { return }
                    continue
                }
                deliver(line, onEvent)
                line = []
            }
        }
    }

    private func deliver(_ line: [UInt8], _ onEvent: (Event) -> Void) {
        if let event = try? JSONDecoder().decode(Event.self, from: Data(line)) { return onEvent(event) }
        guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(line)), reply.isResponse else { return }
        let waiter = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
        waiter?.resume(returning: line)
    }

    private struct Request: Encodable {
        var execute: String
        var arguments: [String: MonitorArgument]?
    }

    private struct Reply: Decodable {
        struct Problem: Decodable {
            var desc: String
        }

        var `return`: MonitorResponse?
        var error: Problem?

        /// False for the greeting.
        var isResponse: Bool { `return` != nil || error != nil }
    }
}

/// A value of an argument of a monitor's command.
package enum MonitorArgument: Encodable, Hashable, Sendable {
    case text(String)
    case number(Int)

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        }
    }
}

/// The fields of a monitor's response that are used.
package struct MonitorResponse: Decodable, Hashable, Sendable {
    /// The response, if it is text.
    package var text: String?
    /// Its field `status`.
    package var status: String?

    private enum CodingKeys: String, CodingKey {
        case status
    }

    init(text: String?, status: String?) {
        self.text = text
        self.status = status
    }

    package init(from decoder: any Decoder) throws {
        text = try? decoder.singleValueContainer().decode(String.self)
        status = try? decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .status)
    }
}
