internal import CSandbox
internal import Glibc

/// The two ends of a pipe. Both are closed with this value, except an end that was taken.
package struct PipeEnds<Problem: SystemErrorConvertible>: ~Copyable {
    /// The read end; -1 once closed.
    package private(set) var reading: Int32
    /// The write end; -1 once closed.
    package private(set) var writing: Int32

    package init() throws(Problem) {
        var ends: [Int32] = [-1, -1]
        guard ciso_pipe(&ends) == 0 else {
            throw Problem(.last("create a pipe", "pipe"))
        }
        reading = ends[0]
        writing = ends[1]
    }

    /// Closes the write end and returns the non-blocking read end, which the caller must close.
    package consuming func takeReading() -> Int32 {
        let taken = reading
        reading = -1
        _ = fcntl(taken, F_SETFL, O_NONBLOCK)
        return taken
    }

    /// Closes the read end and returns the write end, which the caller must close.
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
