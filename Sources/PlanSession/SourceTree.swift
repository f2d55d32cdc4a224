internal import Archive
internal import Core
internal import Foundation
internal import Glibc
internal import Model
internal import Supervision
internal import System

/// An unpacked source in which opam files are looked up. Links that lead out of it are not followed.
struct SourceTree {
    /// The maximum size of an opam file and its `files/` in bytes.
    private static let limit = 16 << 20

    private let root: String

    /// Unpacks `archive` for the duration of `body`.
    ///
    /// - Parameters:
    ///   - url: The address of the source, for messages.
    ///   - directory: The directory to unpack into.
    /// - Throws: `Failure` if it cannot be unpacked; any error of `body`.
    static func withUnpacked<Result>(
        _ archive: String, of url: String, in directory: String, _ body: (SourceTree) throws -> Result
    ) throws -> Result {
        let scratch = try ScratchDirectory.temporary(in: directory)
        defer { withExtendedLifetime(scratch) {} }
        let unpacked = "\(scratch.path)/source"
        do throws(ArchiveError) {
            try Extraction(links: .anywhere, strippingSingleRoot: true).extract(archive, to: unpacked)
        } catch {
            throw Failure(
                error.code == .system ? .unavailable : .input,
                "the source cannot be unpacked: \(error.renamed(url))")
        }
        return try body(SourceTree(root: URL(fileURLWithPath: unpacked).resolvingSymlinksInPath().path))
    }

    /// The opam file of `package` and its `files/` at the paths where opam looks for them; nil if there is none.
    func files(of package: String, below subpath: String?) throws -> PackageFiles? {
        let directory = subpath.map { "\(root)/\($0)" } ?? root
        for name in ["\(package).opam", "opam/\(package).opam", "opam"] {
            let file = "\(directory)/\(name)"
            if let bytes = try contents(of: FilePath("\(file)/opam")) {
                return PackageFiles(opam: bytes, files: try files(below: "\(file)/files"))
            }
            if let bytes = try contents(of: FilePath(file)) { return PackageFiles(opam: bytes) }
        }
        return nil
    }

    /// The input of `mirage configure` for a unikernel: `config.ml`, and the files whose paths match a glob.
    ///
    /// - Throws: `Failure` if there is no `config.ml`, a glob matches no file, or the files are too large.
    func configureFiles(below subpath: String?, matching globs: [Glob]) throws -> [FilePath: [UInt8]] {
        let directory = FilePath(subpath.map { "\(root)/\($0)" } ?? root)
        guard let configuration = try contents(of: directory.appending("config.ml")) else {
            throw Failure(
                .input, "there is no 'config.ml' in the directory '\(subpath ?? ".")' of the source",
                hint: "'subpath' names the directory of a unikernel")
        }
        var files: [FilePath: [UInt8]] = ["config.ml": configuration]
        guard !globs.isEmpty else { return files }
        var size = configuration.count
        try collect(directory, below: "", into: &files, &size) { path in
            globs.contains { $0.matches(path.description) }
        }
        let paths = files.keys.map(\.description)
        if let unmatched = globs.first(where: { glob in !paths.contains { glob.matches($0) } }) {
            throw Failure(
                .input, "no file in the directory '\(subpath ?? ".")' of the source matches '\(unmatched)'",
                hint: "'configure-files' has paths of files relative to that directory, with globs such as 'data/*'")
        }
        return files
    }

    /// The contents of a file; nil if there is none inside the tree.
    private func contents(of path: FilePath) throws -> [UInt8]? {
        guard let real = path.withCString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        let resolved = FilePath(cString: real)
        var status = stat()
        guard resolved.hasPrefix(root + "/"), stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        guard Int(status.st_size) <= Self.limit else {
            throw Failure(.input, "'\(shown(path))' has more than \(Self.limit) bytes")
        }
        guard let bytes = bytes(of: resolved) else { throw Failure(.unavailable, "\(resolved): cannot be read") }
        return bytes
    }

    private func files(below directory: String) throws -> [FilePath: [UInt8]] {
        var files: [FilePath: [UInt8]] = [:]
        var size = 0
        try collect(FilePath(directory), below: "", into: &files, &size)
        return files
    }

    private func collect(
        _ directory: FilePath, below parent: FilePath, into files: inout [FilePath: [UInt8]], _ size: inout Int,
        where isWanted: (FilePath) -> Bool = { _ in true }
    ) throws {
        for name in entryNames(of: directory) ?? [] {
            let (path, file) = (parent.appending(name), directory.appending(name))
            if !isDirectory(file), !isWanted(path) { continue }
            if let bytes = try contents(of: file) {
                size += bytes.count
                guard size <= Self.limit else {
                    throw Failure(.input, "the files next to the opam file have more than \(Self.limit) bytes")
                }
                files[path] = bytes
            } else if isDirectory(file) {
                try collect(file, below: path, into: &files, &size, where: isWanted)
            } else {
                throw Failure(.input, "'\(shown(file))' is neither a file nor a link to one in the source")
            }
        }
    }

    private func isDirectory(_ path: FilePath) -> Bool {
        var status = stat()
        return path.withCString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// A path in the tree, for messages.
    private func shown(_ path: FilePath) -> String {
        FilePath(bytes: path.bytes.dropFirst(root.utf8.count + 1)).description
    }
}
