internal import CSandbox
internal import Glibc

/// Watches a process, which need not be a child (pidfd).
package struct ProcessDescriptor: ~Copyable {
    /// Readable when the process has ended; for the first process of a process namespace, when all others in it have
    /// ended too. Negative if there is no such process, or no descriptor is free.
    package let descriptor: Int32
    private let process: Int32

    package init(of process: Int32) {
        self.process = process
        descriptor = ciso_process_descriptor(process)
    }

    /// The longest time in milliseconds to wait for events before `hasEndedUnwatched` is asked; nil if it need not be.
    package var pollInterval: Int32? { descriptor < 0 ? 100 : nil }

    /// Whether the process, a child of this one that nobody has reaped, has ended without a descriptor to show it.
    package var hasEndedUnwatched: Bool {
        guard descriptor < 0 else { return false }
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        return result == 0 ? information.si_signo != 0 : errno != EINTR
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
