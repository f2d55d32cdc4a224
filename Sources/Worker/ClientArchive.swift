internal import Archive
internal import Core
internal import Fetching
internal import Foundation
internal import OpamFormat
internal import OpamSwitch
internal import System

/// A source that is a repository of git or a folder, as an archive that every opam client takes.
///
/// The client has no network, nothing of the repository but one commit, and, before 2.2, no `subpath`. Of an archive with
/// a checksum it needs nothing but a download cache; by their contents it knows gzip, bzip2, xz and lzma, not a bare tar.
struct ClientArchive {
    let file: String
    let checksum: Checksum

    /// Whether the client cannot take what the cache has of `source` as it is.
    static func isNeeded(for source: Source) -> Bool {
        StagedSources.isOfRunner(source)
    }

    /// Packs what is in `archive`, or its folder that the source names, into a file in `directory`.
    ///
    /// - Throws: `SourceError` where there is no such folder; `Failure`.
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
        // One folder at the top, which the client takes away again, so that a lone folder of the source's own stays.
        // Links in a source may lead anywhere; a folder that is not in it is none of it.
        let whole = Self.resolved("\(unpacked)/whole")
        let place = Self.resolved("\(whole)/\(source.subpath ?? "")")
        guard place == whole || place.hasPrefix("\(whole)/"), (try? Files.rename(place, "\(unpacked)/source")) != nil
        else {
            throw SourceError(
                .missing, "\(package): \(source.url): there is no folder '\(source.subpath ?? "")' in it")
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
