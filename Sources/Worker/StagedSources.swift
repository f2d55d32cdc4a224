internal import Archive
internal import Core
internal import Fetching
internal import Foundation
internal import Model
internal import OpamFormat
internal import OpamSwitch

/// The source files of a recipe, staged in a directory that the sandbox mounts.
///
/// - SeeAlso: `docs/decisions/0062-source-steps.md`
struct StagedSources {
    /// The name of the source archive in the directory; nil for a package without a source.
    private(set) var archive: String?
    /// All staged files with their checksums.
    private(set) var files: [(path: String, checksums: [Checksum])] = []
    /// The files to be placed in the build directory: their names there and in the staging directory.
    private(set) var placed: [(name: FilePath, staged: String)] = []

    /// The package's own names of the staged files.
    private(set) var names: [String: String] = [:]

    /// Fetches and stages all sources of `recipe`.
    ///
    /// - Throws: `SourceError`; `Failure`; `CancellationError`.
    init(_ recipe: BuildRecipe, from cache: SourceCache, in directory: String) async throws {
        if let source = recipe.source {
            let file = try await cache.file(source, of: recipe.package)
            guard Self.isOfRunner(source) || Self.isArchive(file) else {
                throw SourceError(
                    .rejected,
                    "\(recipe.package): \(source.url) is not an archive: expected gzip, bzip2, xz, lzma or zip, "
                        + "as opam does; a single file is an 'extra-source'")
            }
            try stage(file, source, at: "\(directory)/source")
            archive = "source"
            names["source"] = SourceAddress.fileName(source.url)
        }
        for (number, extra) in recipe.extraSources.enumerated() {
            let file = try await cache.file(extra.source, of: recipe.package)
            try stage(file, extra.source, at: "\(directory)/extra-\(number)")
            placed.append((FilePath(bytes: extra.nameBytes), "extra-\(number)"))
            names["extra-\(number)"] = extra.name
        }
        for (number, file) in recipe.files.sorted(by: { $0.key < $1.key }).enumerated() {
            let path = "\(directory)/file-\(number)"
            try Data(file.value).write(to: URL(fileURLWithPath: path))
            files.append((path, [Checksum("sha256=\(Digest(of: file.value))")].compactMap { $0 }))
            placed.append((file.key, "file-\(number)"))
            names["file-\(number)"] = "files/\(file.key)"
        }
    }

    /// A git commit has no checksum, so the digest of the cached archive is recorded.
    private mutating func stage(_ file: String, _ source: Source, at path: String) throws(Failure) {
        try Self.stage(file, at: path)
        let found = source.checksums.isEmpty ? [Checksum(ofFile: file, .sha256)].compactMap { $0 } : source.checksums
        files.append((path, found))
    }

    /// Stages a file that the steps of all users can read, as a hard link if the cache is on the same file system and
    /// has it with such a mode.
    static func stage(_ file: String, at path: String) throws(Failure) {
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & 0o444 == 0o444, link(file, path) == 0 { return }
        do {
            try FileManager.default.copyItem(atPath: file, toPath: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        } catch {
            throw Failure(.unavailable, "\(path): cannot be written: \(error)")
        }
    }

    /// Whether the cache creates the archive of `source` itself, from a commit or a directory: a tar with one top-level
    /// directory.
    static func isOfRunner(_ source: Source) -> Bool {
        switch SourceAddress(source.url) {
        case .git: return true
        case .local(let path):
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
        case .archive, .unsupported: return false
        }
    }

    /// Whether opam unpacks the file. It checks only the first bytes (`OpamSystem.Tar.guess_type`) and does not
    /// recognise an uncompressed tar.
    static func isArchive(_ file: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: file) else { return false }
        defer { try? handle.close() }
        let head = Array((try? handle.read(upToCount: 4)) ?? Data())
        let marks: [[UInt8]] = [
            [0x1F, 0x8B], Array("BZ".utf8), [0xFD, 0x37], [0x5D, 0x00], Array("PK\u{3}\u{4}".utf8),
        ]
        return marks.contains { head.starts(with: $0) }
    }
}
