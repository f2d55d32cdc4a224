internal import Archive
internal import Core
internal import Documents
internal import Foundation
internal import Supervision
internal import System

/// An unpacked source, in which opam files are looked for. No link leads out of it.
struct SourceTree {
    /// Bytes of an opam file and what lies beside it.
    private static let limit = 16 << 20

    private let root: String

    /// Lends the tree that `archive` holds; it is gone afterwards.
    ///
    /// - Throws: `Failure` where it cannot be unpacked; what `body` throws.
    static func withUnpacked<Result>(_ archive: String, _ body: (SourceTree) throws -> Result) throws -> Result {
        let scratch = try ScratchDirectory.temporary()
        defer { withExtendedLifetime(scratch) {} }
        let folder = "\(scratch.path)/source"
        do throws(ArchiveError) {
            try Extraction(links: .anywhere, strippingSingleRoot: true).extract(archive, to: folder)
        } catch {
            throw Failure(error.code == .system ? .unavailable : .input, "the source cannot be unpacked: \(error)")
        }
        return try body(SourceTree(root: URL(fileURLWithPath: folder).resolvingSymlinksInPath().path))
    }

    /// The opam file of `package` and its `files/`, where opam looks for them; nil where there is none.
    func files(of package: String, below subpath: String?) throws -> PackageFiles? {
        let folder = subpath.map { "\(root)/\($0)" } ?? root
        for name in ["\(package).opam", "opam/\(package).opam", "opam"] {
            let place = "\(folder)/\(name)"
            if let bytes = try contents(of: "\(place)/opam") {
                return PackageFiles(opam: bytes, files: try files(below: "\(place)/files"))
            }
            if let bytes = try contents(of: place) { return PackageFiles(opam: bytes) }
        }
        return nil
    }

    /// Nil where there is no such file inside of the tree.
    private func contents(of path: String) throws -> [UInt8]? {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard real.hasPrefix(root + "/"),
            let attributes = try? FileManager.default.attributesOfItem(atPath: real),
            attributes[.type] as? FileAttributeType == .typeRegular
        else { return nil }
        guard let size = attributes[.size] as? Int, size <= Self.limit,
            let data = FileManager.default.contents(atPath: real)
        else { throw Failure(.input, "'\(path.dropFirst(root.count + 1))' has more than \(Self.limit) bytes") }
        return [UInt8](data)
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private func files(below folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var size = 0
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] {
            guard let bytes = try contents(of: "\(folder)/\(name)") else {
                guard isFolder("\(folder)/\(name)") else {
                    let place = "\(folder)/\(name)".dropFirst(root.count + 1)
                    throw Failure(.input, "'\(place)' is neither a file nor a link to one in the source")
                }
                continue
            }
            size += bytes.count
            guard size <= Self.limit else {
                throw Failure(.input, "the files beside the opam file have more than \(Self.limit) bytes")
            }
            files[name] = bytes
        }
        return files
    }
}
