internal import Core
internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

/// The access log, in the combined format of Apache and nginx. Lines are buffered and written five times per second.
final class AccessLog: Sendable {
    private let output: FileDescriptorOutput
    private let lines = Mutex<(text: String, isScheduled: Bool)>(("", false))
    private let queue = DispatchQueue(label: "access-log")
    private let clock = ServerClock()

    /// - Parameter path: The file to append to; nil for standard output.
    /// - Throws: `Failure` if the file cannot be opened.
    init(path: String?) throws(Failure) {
        guard let path else {
            output = FileDescriptorOutput(descriptor: STDOUT_FILENO)
            return
        }
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw Failure(
                .unavailable, "cannot open the access log '\(path)': \(String(cString: strerror(errno)))",
                hint: "choose a file that can be written")
        }
        output = FileDescriptorOutput(descriptor: descriptor)
    }

    /// The data logged for a request.
    struct Entry {
        var client: String
        /// The name of the token; nil if the request has no valid one.
        var user: String?
        var method: String
        var address: String
        var status: Int
        var bytes: Int
        var referrer: String?
        var agent: String?
    }

    func add(_ entry: Entry) {
        let line =
            "\(Self.plain(entry.client)) - \(entry.user.map(Self.plain) ?? "-") [\(clock.logTime)] "
            + "\"\(Self.plain(entry.method)) \(Self.plain(entry.address)) HTTP/1.1\" \(entry.status) \(entry.bytes) "
            + "\"\(entry.referrer.map(Self.plain) ?? "-")\" \"\(entry.agent.map(Self.plain) ?? "-")\"\n"
        let isFirst = lines.withLock { lines in
            lines.text += line
            defer { lines.isScheduled = true }
            return !lines.isScheduled
        }
        if isFirst { queue.asyncAfter(deadline: .now() + 0.2) { self.flush() } }
    }

    /// Writes buffered lines. Errors, such as a full disk, are ignored.
    func flush() {
        let text = lines.withLock { lines in
            defer { lines = ("", false) }
            return lines.text
        }
        try? output.write(text)
    }

    /// Text from a client without characters that could end a field or a line.
    private static func plain(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x21 || $0 == 0x22 || $0 == 0x5C || $0 > 0x7E }) || text.utf8.count > 500
        else { return text }
        var plain = ""
        for byte in text.utf8.prefix(500) {
            switch byte {
            case 0x20: plain += " "
            case 0x21...0x7E where byte != 0x22 && byte != 0x5C: plain.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                plain +=
                    byte < 16
                    ? "\\x0\(String(byte, radix: 16, uppercase: true))"
                    : "\\x\(String(byte, radix: 16, uppercase: true))"
            }
        }
        return plain
    }
}
