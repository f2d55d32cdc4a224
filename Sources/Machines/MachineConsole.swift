internal import Glibc
internal import Synchronization
internal import System

/// The serial console of a machine: the end of what it prints, and its keyboard.
///
/// A guest may print without end, so only the last part is kept.
package final class MachineConsole: Sendable {
    private struct State {
        var kept: [UInt8] = []
        /// The number of bytes printed before those that are kept.
        var dropped = 0
        var isEnded = false
    }

    /// The number of bytes that are kept at least.
    private static let capacity = 1 << 18
    private let state = Mutex(State())
    private let socket: Int32

    /// Reads the console on a thread of its own until the machine ends.
    ///
    /// - Parameter socket: is closed with the console.
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

    /// What was printed, as far as it is kept.
    package func text() -> String {
        state.withLock { String(decoding: $0.kept, as: UTF8.self) }
    }

    /// The bytes that were printed from a position on, as far as they are kept, the position after them, and whether no more
    /// can follow.
    package func output(from position: Int) -> (bytes: [UInt8], end: Int, isEnded: Bool) {
        state.withLock { state in
            let bytes = state.kept.dropFirst(max(0, position - state.dropped))
            return (Array(bytes), state.dropped + state.kept.count, state.isEnded)
        }
    }

    /// Types `text`. What a machine that has ended is given is dropped.
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
