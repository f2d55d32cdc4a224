internal import CSandbox
internal import Glibc

/// Watches a process that need not be a child.
package struct ProcessDescriptor: ~Copyable {
    /// Readable when the process, and if it was the first of a process namespace all others in it, are gone. Negative
    /// when there is no such process.
    package let descriptor: Int32

    package init(of process: Int32) {
        descriptor = ciso_process_descriptor(process)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
