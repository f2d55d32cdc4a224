internal import Foundation

/// Bytes on their way to a descriptor, and how writing them failed.
struct OutputBuffer {
    /// Why nothing more is written.
    enum Fault: Equatable {
        /// The reader of the pipe is gone.
        case readerGone
        /// The descriptor was closed when the program began.
        case closed
        /// An error of the operating system, by its number.
        case system(Int32)
    }

    private let descriptor: Int32
    private var pending: [UInt8] = []
    private(set) var fault: Fault?

    /// Bytes that are kept before they are written.
    private static let capacity = 1 << 16

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Adds bytes; after a fault they are dropped.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        guard fault == nil else { return }
        pending.append(contentsOf: bytes)
        if pending.count >= Self.capacity { flush() }
    }

    /// Writes what was kept. Bytes for a descriptor that was closed at the start are a fault.
    mutating func flush() {
        guard fault == nil, !pending.isEmpty else { return }
        defer { pending.removeAll(keepingCapacity: true) }
        guard !StandardDescriptors.wereClosed.contains(descriptor) else {
            fault = .closed
            return
        }
        var done = 0
        while done < pending.count {
            let count = pending[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                done += count
            } else if !canRetry(after: errno) {
                fault = errno == EPIPE ? .readerGone : .system(errno)
                return
            }
        }
    }

    /// Waits where the descriptor is not blocking, as a terminal that another program changed.
    private func canRetry(after number: Int32) -> Bool {
        guard number == EAGAIN || number == EWOULDBLOCK else { return number == EINTR }
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, -1) >= 0 || errno == EINTR
    }
}

/// The descriptors 0, 1 and 2.
enum StandardDescriptors {
    /// Those that were closed when this was first asked for, which must be before anything is opened. They lead to
    /// `/dev/null` from then on, so that no file of ours gets their number and what is meant for the user.
    static let wereClosed: Set<Int32> = {
        var closed: Set<Int32> = []
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            closed.insert(descriptor)
            // The lowest free number is this one.
            _ = open("/dev/null", O_RDWR)
        }
        return closed
    }()
}
