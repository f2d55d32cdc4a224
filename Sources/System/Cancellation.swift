internal import CSandbox
internal import Glibc

/// Tells the thread that watches a command to end it.
package final class Cancellation: Sendable {
    /// Becomes readable.
    package let descriptor: Int32
    private let writing: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        // Without it a command runs to its own end.
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
