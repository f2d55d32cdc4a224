internal import Archive
internal import Core
internal import Fetching
internal import Foundation
internal import OpamFormat
internal import OpamSwitch
internal import System

/// An archive, readable by every opam client, of a source that is a git repository or a directory.
///
/// The client has no network, only one commit of the repository and, before 2.2, no support for `subpath`. An archive
/// with a checksum is found in the download cache. The client recognises gzip, bzip2, xz and lzma by content, but not
/// an uncompressed tar.
///
/// - SeeAlso: `docs/decisions/0096-opam-client-archives.md`
struct ClientArchive {
    let file: String
    let checksum: Checksum

    /// Whether the client cannot use the cached form of `source` directly.
    static func isNeeded(for source: Source) -> Bool {
        StagedSources.isOfRunner(source)
    }

    /// Packs the contents of `archive`, or of the subdirectory named by the source, into a file in `directory`.
    ///
    /// - Throws: `SourceError` if there is no such subdirectory; `Failure`.
    init(of archive: String, _ source: Source, in directory: String, package: String) throws {
        let unpacked = "\(directory)/unpacked"
        file = "\(directory)/source.tar.gz"
        defer { try? FileManager.default.removeItem(atPath: unpacked) }
        try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: true)
        do throws(ArchiveError) {
            try Extraction(links: .anywhere, strippingSingleRoot: true).extract(archive, to: "\(unpacked)/whole")
        } catch {
            throw Failure(.unavailable, "\(package): \(source.url): cannot be unpacked: \(error)")
        }
        // Add a top-level directory, which the client strips, so that a single directory of the source itself is
        // preserved. Links in a source may lead outside of it; such a directory is not part of the source.
        let whole = Self.resolved("\(unpacked)/whole")
        let packed = Self.resolved("\(whole)/\(source.subpath ?? "")")
        guard packed == whole || packed.hasPrefix("\(whole)/"), (try? Files.rename(packed, "\(unpacked)/source")) != nil
        else {
            throw SourceError(
                .missing, "\(package): \(source.url): there is no directory '\(source.subpath ?? "")' in it")
        }
        do throws(ArchiveError) {
            _ = try Packing(timestamps: .kept, compression: .gzip, level: 1)
                .pack(unpacked, paths: ["source"], to: file)
        } catch {
            throw Failure(.unavailable, "\(package): \(source.url): cannot be packed: \(error)")
        }
        guard let checksum = Checksum(ofFile: file, .sha256) else {
            throw Failure(.unavailable, "\(file): cannot be read")
        }
        self.checksum = checksum
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}
