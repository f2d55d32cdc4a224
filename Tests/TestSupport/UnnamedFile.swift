internal import Foundation
internal import Glibc

/// A file without a name, which is removed with the last process that has it open.
final class UnnamedFile: Sendable {
    let descriptor: Int32

    init(holding text: String = "") throws {
        let name = "ciso-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let path = FileManager.default.temporaryDirectory.appending(path: name).path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        unlink(path)
        try FileHandle(fileDescriptor: descriptor).write(contentsOf: Data(text.utf8))
        lseek(descriptor, 0, SEEK_SET)
    }

    deinit { close(descriptor) }

    /// The contents; reading does not change the offset of other readers and writers.
    var text: String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
