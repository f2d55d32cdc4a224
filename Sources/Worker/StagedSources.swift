internal import Core
internal import Documents
internal import Fetching
internal import Foundation
internal import OpamFormat
internal import OpamSwitch

/// The files that a recipe starts from, brought together in a directory that the sandbox sees.
struct StagedSources {
    /// The archive's name in the directory; nil for a package without a source.
    private(set) var archive: String?
    /// Whether the source is an archive at all: opam takes any other file as it is.
    private(set) var isArchive = true
    /// What comes to lie in the build directory, by its name there, and its name in the staging directory.
    private(set) var placed: [(name: String, staged: String)] = []

    /// Fetches and stages all that `recipe` names.
    ///
    /// - Throws: `SourceError`; `Failure`; `CancellationError`.
    init(_ recipe: BuildRecipe, from cache: SourceCache, in directory: String) async throws {
        if let source = recipe.source {
            let file = try await cache.file(source, of: recipe.package)
            try Self.stage(file, at: "\(directory)/source")
            archive = "source"
            isArchive = Self.isArchive(file)
        }
        for (number, extra) in recipe.extraSources.enumerated() {
            let file = try await cache.file(extra.source, of: recipe.package)
            try Self.stage(file, at: "\(directory)/extra-\(number)")
            placed.append((extra.name, "extra-\(number)"))
        }
        for (number, file) in recipe.files.sorted(by: { $0.key < $1.key }).enumerated() {
            try Data(file.value).write(to: URL(fileURLWithPath: "\(directory)/file-\(number)"))
            placed.append((file.key, "file-\(number)"))
        }
    }

    /// As a link where the cache is on the same file system.
    static func stage(_ file: String, at place: String) throws(Failure) {
        if link(file, place) == 0 { return }
        do {
            try FileManager.default.copyItem(atPath: file, toPath: place)
        } catch {
            throw Failure(.infrastructure, "\(place): cannot be written: \(error)")
        }
    }

    static func isArchive(_ file: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: file) else { return false }
        defer { try? handle.close() }
        let head = Array((try? handle.read(upToCount: 512)) ?? Data())
        let marks: [[UInt8]] = [
            [0x1F, 0x8B], Array("BZh".utf8), [0xFD, 0x37, 0x7A], [0x5D, 0x00, 0x00], Array("PK\u{3}\u{4}".utf8),
            [0x28, 0xB5, 0x2F, 0xFD],
        ]
        let isTar = head.count >= 262 && Array(head[257..<262]) == Array("ustar".utf8)
        return isTar || marks.contains { head.starts(with: $0) }
    }
}
