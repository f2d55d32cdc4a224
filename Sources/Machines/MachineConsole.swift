internal import Glibc
internal import Synchronization
internal import System

/// The serial console of a machine: the last part of its output, and its keyboard.
///
/// The output of a guest is unbounded, so only the last part is kept.
package final class MachineConsole: Sendable {
    private struct State {
        var kept: [UInt8] = []
        /// The number of bytes printed before the kept ones.
        var dropped = 0
        var isEnded = false
    }

    /// The minimum number of kept bytes.
    private static let capacity = 1 << 18
    private let state = Mutex(State())
    private let socket: Int32

    /// Reads the console on a separate thread until the machine ends.
    ///
    /// - Parameter socket: a connected socket, which is closed when the machine ends.
    package init(_ socket: Int32) {
        self.socket = socket
        BlockingWork.start { [self] in
            read()
            state.withLock { state in
                state.isEnded = true
                close(socket)
            }
        }
    }

    /// The kept output.
    package func text() -> String {
        state.withLock { String(decoding: $0.kept, as: UTF8.self) }
    }

    /// The kept output from a position on, the position after it, and whether the output has ended.
    package func output(from position: Int) -> (bytes: [UInt8], end: Int, isEnded: Bool) {
        state.withLock { state in
            let bytes = state.kept.dropFirst(max(0, position - state.dropped))
            return (Array(bytes), state.dropped + state.kept.count, state.isEnded)
        }
    }

    /// Types `text`. Text for a machine that has ended is dropped.
    package func type(_ text: String) {
        state.withLock { state in
            if !state.isEnded { try? send(Array(text.utf8), through: socket, with: nil) }
        }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = retrying { recv(socket, &buffer, buffer.count, 0) }
            guard count > 0 else { return }
            state.withLock { state in
                state.kept += buffer[..<count]
                guard state.kept.count > 2 * Self.capacity else { return }
                state.dropped += state.kept.count - Self.capacity
                state.kept = Array(state.kept.suffix(Self.capacity))
            }
        }
    }
}
