internal import Foundation

/// A buffer in front of a file descriptor, which remembers the first error of a write.
struct OutputBuffer {
    /// Why the buffer discards further output.
    enum Fault: Equatable {
        /// The reader of the pipe has closed it.
        case readerGone
        /// The descriptor was closed when the program began.
        case closed
        /// A system error, by its errno value.
        case system(Int32)
    }

    private let descriptor: Int32
    private var pending: [UInt8] = []
    private(set) var fault: Fault?

    /// The size of the buffer in bytes.
    private static let capacity = 1 << 16

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Appends bytes, or discards them after a fault.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        guard fault == nil else { return }
        pending.append(contentsOf: bytes)
        if pending.count >= Self.capacity { flush() }
    }

    /// Writes the buffered bytes. Bytes for a descriptor that was closed at the start are a fault.
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

    /// Waits until a non-blocking descriptor is writable, for example a terminal that another program has switched to
    /// non-blocking mode.
    private func canRetry(after number: Int32) -> Bool {
        guard number == EAGAIN || number == EWOULDBLOCK else { return number == EINTR }
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, -1) >= 0 || errno == EINTR
    }
}

/// The file descriptors 0, 1 and 2.
enum StandardDescriptors {
    /// The descriptors that were closed at the first access, which must happen before any file is opened. The first
    /// access opens `/dev/null` in their place, so that no other file gets their numbers and receives output for the
    /// user.
    static let wereClosed: Set<Int32> = {
        var closed: Set<Int32> = []
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            closed.insert(descriptor)
            // `open` returns the lowest free descriptor, which is this one.
            _ = open("/dev/null", O_RDWR)
        }
        return closed
    }()
}
