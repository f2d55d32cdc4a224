public import Archive
public import Core

/// The opam file of a package version and the contents of its `files/`.
public struct PackageFiles: Hashable, Sendable {
    /// The bytes of the opam file.
    public var opam: [UInt8]
    /// The contents of the files, by path relative to `files/`.
    public var files: [FilePath: [UInt8]]

    public init(opam: [UInt8], files: [FilePath: [UInt8]] = [:]) {
        self.opam = opam
        self.files = files
    }

    /// The digest of every byte and every path, with the files in order of their paths.
    public var digest: Digest {
        var message = MessageDigest(.sha256)
        message.update(Array("opam \(opam.count)\n".utf8))
        message.update(opam)
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            message.update(Array("\nfiles/".utf8) + path.bytes + Array(" \(bytes.count)\n".utf8))
            message.update(bytes)
        }
        return Digest(message)
    }
}
