internal import CSandbox
internal import Glibc

/// The two ends of a pipe. Both are closed with this value, but for the one that is taken.
package struct PipeEnds<Problem: SystemErrorConvertible>: ~Copyable {
    /// The end to read from; -1 once closed.
    package private(set) var reading: Int32
    /// The end to write to; -1 once closed.
    package private(set) var writing: Int32

    package init() throws(Problem) {
        var ends: [Int32] = [-1, -1]
        guard ciso_pipe(&ends) == 0 else {
            throw Problem(.last("create a pipe", "pipe"))
        }
        reading = ends[0]
        writing = ends[1]
    }

    /// Closes the writing end and gives the reading one, which does not block and is the caller's to close.
    package consuming func takeReading() -> Int32 {
        let taken = reading
        reading = -1
        _ = fcntl(taken, F_SETFL, O_NONBLOCK)
        return taken
    }

    /// Closes the reading end and gives the writing one, which is the caller's to close.
    package consuming func takeWriting() -> Int32 {
        let taken = writing
        writing = -1
        return taken
    }

    deinit {
        if reading >= 0 { close(reading) }
        if writing >= 0 { close(writing) }
    }
}
