package import Core
internal import Foundation
internal import Glibc
internal import System

/// The image of a machine's disk, which is only read.
package struct MachineImage: Hashable, Sendable {
    /// The absolute path of the file.
    package var path: String
    /// The format of the file.
    package var format: MachineConfiguration.Disk.Format

    /// Verifies the image at `path`.
    ///
    /// - Parameters:
    ///   - checksum: the SHA-256 that it must have. A file that was verified before and has not changed since is not
    ///     read again.
    ///   - cache: a directory in which verified files are recorded.
    /// - Throws: `PermanentFailure`.
    package init(_ path: String, checksum: Digest, cache: String) async throws {
        self.path = path
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw PermanentFailure(
                "the image '\(path)' of a virtual machine cannot be read",
                hint: "the file must be at this path on each worker; or give its address in the matrix")
        }
        format = try Self.format(of: path)
        try await Self.verify(path, checksum, cache: cache)
    }

    /// Verifies the contents of a file.
    package static func verify(_ path: String, _ checksum: Digest, cache: String) async throws {
        let note = "\(cache)/verified.\(Digest(of: path))"
        let stamp = try Files.stamp(of: path)
        if contents(of: note) == "\(stamp) \(checksum)" { return }
        let found = try await BlockingWork.run { try Digest(ofFile: path) }
        guard found == checksum else {
            throw PermanentFailure(
                "'\(path)' has the checksum sha256=\(found), but the plan requires sha256=\(checksum)",
                hint: "if the new file is the right one, change the checksum in the matrix")
        }
        try Files.makeDirectories(cache)
        try Files.replace(note, with: Array("\(stamp) \(checksum)".utf8), mode: 0o644, durability: .none)
    }

    private static func format(of path: String) throws -> MachineConfiguration.Disk.Format {
        let header = try Files.File(path, O_RDONLY).read(104)
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            header[offset..<(offset + count)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        if header.starts(with: [0x51, 0x46, 0x49, 0xfb]), header.count == 104 {
            // Both refer to another file of this machine, which the guest could then read.
            let hasDataFile = number(4, 4) >= 3 && number(72, 8) & 4 != 0
            guard number(8, 8) == 0, !hasDataFile else {
                throw PermanentFailure(
                    "the image '\(path)' refers to another file: a qcow2 image must contain all its data",
                    hint: "convert it: qemu-img convert -O qcow2 \(path) NEW.qcow2")
            }
            return .qcow2
        }
        let compressed: [(magic: [UInt8], program: String)] = [
            ([0xfd, 0x37, 0x7a, 0x58], "xz"), ([0x1f, 0x8b], "gzip"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
            ([0x42, 0x5a, 0x68], "bzip2"),
        ]
        if let found = compressed.first(where: { header.starts(with: $0.magic) }) {
            throw PermanentFailure(
                "the image '\(path)' is compressed: expected a raw or qcow2 disk",
                hint: "decompress it (\(found.program) -d), and give the checksum of the result in the matrix")
        }
        return .raw
    }
}
