internal import Archive
internal import Core
internal import Foundation
internal import System

/// A source on this machine: a file, or a directory that is packed as opam copies it.
struct LocalSource {
    let path: String

    var isDirectory: Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// The entries that opam omits when it copies a directory.
    private static let excluded = [".git", ".hg", "_darcs", "_build", "_opam"]

    /// Copies the file or packs the directory. Equal directories with equal names give equal archives.
    ///
    /// - Parameter limit: the maximum size of all files in bytes.
    /// - Throws: `SourceError`.
    func copy(to file: String, limit: Int) throws {
        guard try SourceFiles.status(of: path) != nil else {
            throw SourceError(.missing, "\(path): there is no such file or directory")
        }
        do {
            try isDirectory ? pack(to: file, limit: limit) : link(to: file, limit: limit)
        } catch let error as ArchiveError {
            throw SourceError(SourceError.Kind(error), "\(path): cannot be packed: \(error)")
        }
    }

    private func pack(to file: String, limit: Int) throws {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        let name = url.lastPathComponent
        let packing = Packing(
            ownership: .fixed(Owner(user: 0, group: 0)), permissionMask: 0o755, limits: TreeLimits(bytes: limit),
            level: nil)
        _ = try packing.pack(
            url.deletingLastPathComponent().path, paths: [name],
            excluding: Set(Self.excluded.map { "\(name)/\($0)" }), to: file)
    }

    private func link(to file: String, limit: Int) throws {
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= limit else { throw SourceError(.rejected, "\(path): more than \(limit) bytes") }
            try FileManager.default.copyItem(atPath: path, toPath: file)
        } catch let error as CocoaError {
            throw SourceError(.system, "\(path): cannot be copied: \(systemReason(of: error) ?? "\(error)")")
        }
    }
}
