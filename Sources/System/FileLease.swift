internal import Glibc

/// A lease on an open file (fcntl(2)): while it is held, the kernel delays processes that open the file in conflict
/// with it, for as long as `/proc/sys/fs/lease-break-time` allows.
package struct FileLease: ~Copyable {
    package enum Kind: Sendable {
        /// Delays opening the file for writing, and shortening it.
        case reading
        /// Delays opening the file.
        case writing
    }

    // Commands of Linux that the C library declares only for programs in C.
    private static let (setSignal, setLease): (Int32, Int32) = (10, 1024)

    private let descriptor: Int32

    /// Takes a lease; nil if the file is open elsewhere in conflict with it, or belongs to another user.
    ///
    /// - Parameter descriptor: a descriptor of the file that stays open as long as the lease.
    package init?(_ kind: Kind, on descriptor: Int32) {
        // A process that waits for the lease makes the kernel send a signal. The default one would end this process;
        // SIGURG is ignored.
        guard fcntl(descriptor, Self.setSignal, SIGURG) == 0,
            fcntl(descriptor, Self.setLease, Int32(kind == .reading ? F_RDLCK : F_WRLCK)) == 0
        else { return nil }
        self.descriptor = descriptor
    }

    /// Gives the lease back.
    package consuming func release() {}

    deinit { _ = fcntl(descriptor, Self.setLease, Int32(F_UNLCK)) }
}
