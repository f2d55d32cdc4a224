internal import Core
internal import Glibc
internal import System

/// A child process with a socket as its descriptor 3, a pipe for its standard error, and a clean environment.
///
/// Used by one thread at a time. The child is killed and reaped at the latest when this object is released.
final class ChildProcess {
    private let identifier: pid_t
    private let socket: Int32
    private let errors: Int32
    private var ended: Int32?
    private var stderrBytes: [UInt8] = []
    /// Whether the child has closed its standard error, which is readable for ever then.
    private var isStandardErrorClosed = false
    private static let stderrLimit = 4096

    /// Starts `program` with `arguments` (without the program's name).
    ///
    /// - Throws: `PluginFault` with the system's reason.
    init(program: PluginHostProgram, arguments: [String]) throws(PluginFault) {
        let peer = try socketPair()
        defer { close(peer.theirs) }
        socket = peer.ours
        let errors: (ours: Int32, theirs: Int32)
        do {
            errors = try socketPair()
        } catch {
            close(peer.ours)
            throw error
        }
        defer { close(errors.theirs) }
        self.errors = errors.ours
        do {
            identifier = try spawn(program, arguments, peer: peer.theirs, errors: errors.theirs)
        } catch {
            close(peer.ours)
            close(errors.ours)
            throw error
        }
    }

    deinit {
        end()
        close(socket)
        close(errors)
    }

    /// Sends `request` (which may be empty) and receives one frame of at most `limit` bytes.
    ///
    /// - Throws: `PluginFault` if the child ended, sent something else, or took longer than `time`. The child has then
    ///   been killed.
    func exchange(_ request: [UInt8], limit: Int, time: Duration) throws(PluginFault) -> Frame {
        let deadline = ContinuousClock.now + time
        var unsent = request[...]
        var received: [UInt8] = []
        while true {
            if let frame = try frame(of: received, limit: limit) { return frame }
            var waits = [
                pollfd(fd: socket, events: Int16(POLLIN) | (unsent.isEmpty ? 0 : Int16(POLLOUT)), revents: 0),
                pollfd(fd: isStandardErrorClosed ? -1 : errors, events: Int16(POLLIN), revents: 0),
            ]
            let left = deadline - .now
            guard left > .zero, poll(&waits, 2, left.millisecondsForPoll) != 0 else {
                end()
                throw PluginFault(kind: .hung(after: time), stderrTail: stderrTail)
            }
            readStandardError()
            if waits[0].revents & Int16(POLLOUT) != 0 { unsent = unsent.dropFirst(send(unsent)) }
            if waits[0].revents & ~Int16(POLLOUT) != 0, !receive(into: &received) {
                throw fault(ofEnd: reap(within: deadline - .now))
            }
        }
    }

    /// Whether the child is still running, as far as is known.
    var isAlive: Bool { ended == nil }

    private func frame(of received: [UInt8], limit: Int) throws(PluginFault) -> Frame? {
        guard received.count >= Frame.headerSize else { return nil }
        let header = Frame(kind: .call, bytes: received)
        let size = Int(header.number(at: 0, count: 4) ?? 0)
        let kind = header.number(at: 4, count: 4).flatMap { Frame.Kind(rawValue: UInt32($0)) }
        guard let kind, size <= limit + 64, received.count <= Frame.headerSize + size else {
            end()
            throw PluginFault(kind: .garbage("the plugin wrote into the host's own socket"), stderrTail: stderrTail)
        }
        guard received.count == Frame.headerSize + size else { return nil }
        return Frame(kind: kind, bytes: Array(received.dropFirst(Frame.headerSize)))
    }

    private func send(_ bytes: ArraySlice<UInt8>) -> Int {
        let sent = bytes.withUnsafeBytes {
            Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        return max(0, sent)
    }

    /// False if the child has closed the connection.
    private func receive(into received: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { received += buffer[..<count] }
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }

    /// Reads standard error, so that the child never blocks on it, and keeps the end.
    private func readStandardError() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(errors, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else {
                isStandardErrorClosed = count == 0
                return
            }
            stderrBytes = (stderrBytes + buffer[..<count]).suffix(Self.stderrLimit)
        }
    }

    private var stderrTail: String {
        readStandardError()
        let lines = String(decoding: stderrBytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        // The Swift runtime prints addresses after this line.
        let words = lines.prefix { !$0.hasPrefix("Current stack trace:") }
        return words.suffix(5).map { $0.filter { !$0.isControl } }.joined(separator: "\n")
    }

    private func fault(ofEnd status: Int32) -> PluginFault {
        let signal = status & 0x7f
        let kind: PluginFault.Kind = signal != 0 ? .crashed(signal: signal) : .exited(status: status >> 8 & 0xff)
        return PluginFault(kind: kind, stderrTail: stderrTail)
    }

    /// Waits for the child, which has closed the connection, and kills it if it does not end.
    private func reap(within time: Duration) -> Int32 {
        let deadline = ContinuousClock.now + min(time, .seconds(1))
        let process = ProcessDescriptor(of: identifier)
        var polled = pollfd(fd: process.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, (deadline - .now).millisecondsForPoll) < 0, errno == EINTR, deadline > .now {}
        var status: Int32 = 0
        if waitpid(identifier, &status, WNOHANG) == identifier { ended = status } else { end() }
        return ended ?? 0
    }

    /// Kills the child with all its descendants, and reaps it.
    func end() {
        guard ended == nil else { return }
        kill(-identifier, SIGKILL)
        kill(identifier, SIGKILL)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        ended = status
    }
}

private func socketPair() throws(PluginFault) -> (ours: Int32, theirs: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
        throw PluginFault(kind: .notStarted("socketpair: \(errorText(errno))"))
    }
    return (ends[0], ends[1])
}

extension Character {
    fileprivate var isControl: Bool { unicodeScalars.allSatisfy { $0.value < 32 || $0.value == 127 } }
}
