internal import Archive
internal import Core
internal import Glibc
internal import Machines
internal import System

/// Creates disks from other files by qemu-img.
struct DiskImage: Sendable {
    /// The environment of qemu-img.
    var environment: ProcessEnvironment

    /// Copies the disk of an installed system into a new qcow2 file that is at least `size` bytes large.
    ///
    /// - Parameters:
    ///   - file: raw or qcow2, optionally compressed by xz, gzip or zstd.
    ///   - directory: the directory for decompressed files.
    func copy(_ file: String, to path: String, size: Int, in directory: String) async throws {
        let source = try await decompressed(file, in: directory)
        let format = try Self.isQcow2(source) ? "qcow2" : "raw"
        try await run(["convert", "-q", "-f", format, "-O", "qcow2", source, path])
        if source != file { try FileSystem<SystemError>.remove(source) }
        // The disk must not shrink, which would truncate its contents.
        guard try Self.virtualSize(of: path) < size else { return }
        try await run(["resize", "-q", "-f", "qcow2", path, "\(size)"])
    }

    /// Creates a raw disk with a FAT file system from the files of a directory.
    func makeFileSystem(of directory: String, label: String, at path: String) async throws {
        let source = "json:" + (try CompactJSON.text(of: ["driver": "vvfat", "dir": directory, "label": label]))
        try await run(["convert", "-q", "-O", "raw", source, path])
    }

    private func decompressed(_ file: String, in directory: String) async throws -> String {
        guard [".xz", ".gz", ".zst"].contains(where: file.hasSuffix) else { return file }
        let path = "\(directory)/decompressed"
        try await BlockingWork.run {
            let output = try OpenFile<SystemError>(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try expand(file, to: output.descriptor, limit: 1 << 40)
        }
        return path
    }

    private static func isQcow2(_ path: String) throws -> Bool {
        try OpenFile<SystemError>(path, O_RDONLY).read(4) == [0x51, 0x46, 0x49, 0xFB]
    }

    /// The virtual size in bytes: bytes 24 to 31 of a qcow2 file.
    private static func virtualSize(of path: String) throws -> Int {
        try OpenFile<SystemError>(path, O_RDONLY).read(8, at: 24).reduce(0) { $0 << 8 | Int($1) }
    }

    private func run(_ arguments: [String]) async throws {
        let completion: Subprocess.Completion
        do {
            completion = try await Subprocess(
                ["qemu-img"] + arguments, environment: environment.variables, standardError: .joined
            ).run()
        } catch let error as SystemError {
            throw Failure(.unavailable, "images cannot be created: \(error)", hint: "apt install qemu-utils")
        }
        guard completion.succeeded else {
            let text = String(decoding: completion.output.suffix(500), as: UTF8.self).displayableOnOneLine
            throw Failure(.unavailable, "qemu-img \(arguments[0]): \(text)")
        }
    }
}
