internal import CSandbox
internal import Glibc

/// An anonymous file with contents to pass to a process.
package struct AnonymousFile<Problem: SystemErrorConvertible>: ~Copyable {
    package let descriptor: Int32

    package init(_ bytes: [UInt8]) throws(Problem) {
        descriptor = ciso_memory_file(bytes, bytes.count)
        try Self.check(descriptor)
    }

    private init(adopting descriptor: Int32) throws(Problem) {
        self.descriptor = descriptor
        try Self.check(descriptor)
    }

    /// The system call filter of every sandbox, as a seccomp program.
    package static func seccompProgram() throws(Problem) -> AnonymousFile {
        try AnonymousFile(adopting: ciso_seccomp_program())
    }

    private static func check(_ descriptor: Int32) throws(Problem) {
        guard descriptor >= 0 else {
            throw Problem(SystemError("create an anonymous file", "memory", -descriptor))
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
