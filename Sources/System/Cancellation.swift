internal import CSandbox
internal import Glibc

/// Signals the thread that watches a command to kill it.
package final class Cancellation: Sendable {
    /// Becomes readable on cancellation.
    package let descriptor: Int32
    private let writing: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        // If no pipe can be created, the command cannot be cancelled.
        ciso_pipe(&ends)
        descriptor = ends[0]
        writing = ends[1]
    }

    package func cancel() {
        var byte: UInt8 = 0
        _ = write(writing, &byte, 1)
    }

    deinit {
        close(descriptor)
        close(writing)
    }
}
