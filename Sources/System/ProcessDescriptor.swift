internal import CSandbox
internal import Glibc

/// Watches a process, which need not be a child (pidfd).
package struct ProcessDescriptor: ~Copyable {
    /// Readable when the process has ended; for the first process of a process namespace, when all others in it have
    /// ended too. Negative if there is no such process.
    package let descriptor: Int32

    package init(of process: Int32) {
        descriptor = ciso_process_descriptor(process)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
