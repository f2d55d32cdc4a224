internal import Core
internal import Foundation
package import OpamFormat
internal import OpamSwitch

/// The archives of packages, found by their checksums: a folder in the layout of opam's download cache, filled from
/// other caches, mirrors and the packages' own addresses.
///
/// ```
/// md5/96/96c6ee50a32cca9ca277321262dbec57    the file's name is its digest
/// sha256/2d/2df996279ae16b…                  the same file under another digest
/// incoming/                                  what is being fetched
/// ```
/// A file counts only where every checksum of the opam file is right, as with opam. Of several jobs that ask for one
/// file, one fetches it. What was fetched is written aside and renamed.
package actor SourceCache {
    /// Gets a file from an address.
    package typealias Download = @Sendable (_ url: String, _ file: String, _ limit: Int) async throws -> Void

    private let folder: String
    private let others: [String]
    private let mirrors: [String]
    private let limit: Int
    private let download: Download
    private var running: [Checksum: Task<String, any Error>] = [:]

    /// - Parameters:
    ///   - folder: is filled; need not exist.
    ///   - others: caches in the same layout that are only read.
    ///   - mirrors: addresses of caches in the same layout, `http:`, `https:` or `file:`.
    ///   - limit: bytes of one file.
    package init(
        _ folder: String, others: [String] = [], mirrors: [String] = [], limit: Int = 1 << 30,
        download: @escaping Download = curl
    ) {
        self.folder = folder
        self.others = others + mirrors.compactMap(localPath)
        self.mirrors = mirrors.filter { localPath($0) == nil }
        self.limit = limit
        self.download = download
    }

    /// The file that `source` names, fetched if need be.
    ///
    /// - Parameter package: for messages.
    /// - Throws: `SourceError`; `CancellationError`.
    package func file(_ source: Source, of package: String) async throws -> String {
        guard let key = source.checksums.first else {
            throw SourceError(.rejected, "\(package): \(source.url) has no checksum, so nothing tells the right file")
        }
        if let task = running[key] { return try await task.value }
        let task = Task { try await find(source, of: package) }
        running[key] = task
        defer { running[key] = nil }
        return try await task.value
    }

    private func find(_ source: Source, of package: String) async throws -> String {
        var refusals: [SourceError] = []
        for checksum in source.checksums {
            for cache in [folder] + others {
                let place = "\(cache)/\(checksum.place)"
                guard FileManager.default.fileExists(atPath: place) else { continue }
                do {
                    try verify(place, source, from: place, of: package)
                    return place
                } catch {
                    refusals.append(error)
                }
            }
        }
        let aside = "\(folder)/incoming/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: "\(folder)/incoming", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: aside) }
        for url in addresses(of: source) {
            try Task.checkCancellation()
            do {
                try await download(url, aside, limit)
                try verify(aside, source, from: url, of: package)
                return try keep(aside, source.checksums)
            } catch let error as SourceError {
                refusals.append(error)
            }
        }
        throw worst(of: refusals, source, package)
    }

    /// Mirrors first, by each checksum; then the address of the opam file and its own mirrors.
    private func addresses(of source: Source) -> [String] {
        mirrors.flatMap { mirror in
            source.checksums.map { "\(mirror.hasSuffix("/") ? mirror : mirror + "/")\($0.place)" }
        } + ([source.url] + source.mirrors)
    }

    /// A wrong file tells more than a missing one, and a missing one more than a network that was down.
    private func worst(of refusals: [SourceError], _ source: Source, _ package: String) -> SourceError {
        for kind in [SourceError.Kind.rejected, .network, .missing] {
            if let first = refusals.last(where: { $0.kind == kind }) { return first }
        }
        return SourceError(.missing, "\(package): \(source.url): there is nothing to fetch")
    }

    private func verify(_ file: String, _ source: Source, from origin: String, of package: String) throws(SourceError) {
        for checksum in source.checksums {
            guard let found = digest(of: file, by: checksum.kind) else {
                throw SourceError(.network, "\(file): cannot be read")
            }
            guard found == checksum.hexadecimal else {
                throw SourceError(
                    .rejected,
                    "\(package): checksum mismatch for \(origin): expected \(checksum), found "
                        + "\(checksum.kind.rawValue)=\(found)")
            }
        }
    }

    /// Puts a verified file in its places.
    private func keep(_ aside: String, _ checksums: [Checksum]) throws -> String {
        let manager = FileManager.default
        for checksum in checksums.reversed() {
            let place = "\(folder)/\(checksum.place)"
            try manager.createDirectory(
                atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            let link = "\(aside).\(checksum.kind.rawValue)"
            try manager.linkItem(atPath: aside, toPath: link)
            guard rename(link, place) == 0 else {
                throw SourceError(.network, "\(place): cannot be written: \(String(cString: strerror(errno)))")
            }
        }
        return "\(folder)/\(checksums[0].place)"
    }
}

/// Why a source is not to be had.
package struct SourceError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// There is a file, and it is not the one of the opam file; or nothing tells which it is. The package's fault.
        case rejected
        /// The server says that it has no such file.
        case missing
        /// No server could be asked.
        case network
    }

    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

extension Checksum {
    /// Below a cache's folder.
    fileprivate var place: String { "\(kind.rawValue)/\(hexadecimal.prefix(2))/\(hexadecimal)" }
}

private func localPath(_ url: String) -> String? {
    url.hasPrefix("file://") ? String(url.dropFirst("file://".count)) : url.hasPrefix("/") ? url : nil
}

/// In lower-case hexadecimal; nil where the file cannot be read.
private func digest(of file: String, by kind: Checksum.Kind) -> String? {
    guard let handle = FileHandle(forReadingAtPath: file) else { return nil }
    defer { try? handle.close() }
    var digest = MessageDigest(kind.algorithm)
    do {
        while let data = try handle.read(upToCount: 1 << 18), !data.isEmpty {
            data.withUnsafeBytes { digest.update($0) }
        }
    } catch {
        return nil
    }
    return digest.finish()
}
