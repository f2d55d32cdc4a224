package import Core
internal import Foundation
internal import HTTP
internal import Layers
internal import Logging
internal import Store
internal import System

/// Blobs in a repository of a registry, each under a manifest of its own with the tag `KIND-DIGEST`, so that stock
/// tools copy, list and delete it. Reads try the mirrors first, in order, and then the primary.
///
/// - SeeAlso: `docs/decisions/0231-shared-layers.md`
package struct RegistryBlobs: SharedLayers, SharedLogs {
    /// The kind of content of the blobs.
    package struct Kind: Hashable, Sendable {
        /// The prefix of the tags.
        package var tag: String
        /// The artifact type in the manifests.
        package var artifact: String
        /// The media type of the blobs.
        package var mediaType: String

        /// Archives of layers.
        package static let layer = Kind(
            tag: "layer", artifact: "application/vnd.ciso.layer.v1",
            mediaType: "application/vnd.ciso.layer.v1.tar+zstd")
        /// Archives of root file systems.
        package static let environment = Kind(
            tag: "environment", artifact: "application/vnd.ciso.environment.v1",
            mediaType: "application/vnd.ciso.environment.v1.tar+zstd")
        /// Sources of packages that the store has but that cannot be downloaded.
        package static let source = Kind(
            tag: "source", artifact: "application/vnd.ciso.source.v1", mediaType: "application/octet-stream")
        /// Logs of jobs.
        package static let log = Kind(
            tag: "log", artifact: "application/vnd.ciso.log.v1", mediaType: "text/plain")
    }

    private let primary: RegistryClient
    private let mirrors: [RegistryClient]
    private let kind: Kind
    private let chunk: Int

    /// - Parameters:
    ///   - primary: The repository that blobs are written to.
    ///   - mirrors: Repositories that are read before `primary`.
    package init(_ primary: RegistryClient, mirrors: [RegistryClient] = [], kind: Kind = .layer) {
        self.init(primary, mirrors: mirrors, kind: kind, chunk: RegistryUpload.defaultChunk)
    }

    init(_ primary: RegistryClient, mirrors: [RegistryClient], kind: Kind, chunk: Int) {
        self.primary = primary
        self.mirrors = mirrors
        self.kind = kind
        self.chunk = chunk
    }

    private func tag(_ digest: Digest) -> String { "\(kind.tag)-\(digest)" }

    /// Whether the registry has a blob.
    package func contains(_ digest: Digest) throws -> Bool {
        try primary.persistently { try manifestDigest(of: digest) } != nil
    }

    /// The digest of a blob's manifest; nil if there is none.
    private func manifestDigest(of digest: Digest) throws -> String? {
        var request = primary.request(.head, "manifests/\(tag(digest))")
        request.headers = [("Accept", RegistryManifest.mediaType)]
        let response = try primary.send(request, accepting: [404])
        return response.isSuccess ? response.header("docker-content-digest") ?? "" : nil
    }

    /// Uploads a blob from a file, unless the registry has it.
    package func put(_ digest: Digest, archive file: String) throws { try put(digest, named: digest, archive: file) }

    /// Adds a blob under a tag that does not contain the blob's digest but `name`, unless that tag exists.
    func put(_ digest: Digest, named name: Digest, archive file: String) throws {
        if try contains(name) { return }
        let size = try OpenFile<SystemError>(file, 0).size
        try upload(digest, size) { .file(file, offset: $0, count: $1) }
        let empty = RegistryManifest.emptyConfiguration
        try upload(Digest(of: empty), empty.count) { .bytes(Array(empty[$0..<$0 + $1])) }
        let manifest = try RegistryManifest(kind, digest, size: size, at: Date()).encoded()
        var request = primary.request(.put, "manifests/\(tag(name))")
        request.headers = [("Content-Type", RegistryManifest.mediaType)]
        request.body = .bytes(manifest)
        let put = request
        _ = try primary.persistently {
            do {
                return try primary.send(put)
            } catch let error as RegistryError where error.kind == .damaged {
                // The registry read the link to the configuration while another upload was writing it.
                throw RegistryError(.busy, error.message)
            }
        }
    }

    /// The digest of the blob tagged with `name`; nil if there is none.
    func contents(named name: Digest) throws -> Digest? {
        struct Manifest: Decodable {
            struct Layer: Decodable {
                var digest: String
            }

            var layers: [Layer]
        }
        let response = try manifest(named: name)
        guard response.isSuccess else { return nil }
        let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(response.body))
        guard let digest = (manifest?.layers.first?.digest).flatMap({ Digest(oci: $0) }) else {
            throw RegistryError(.damaged, "\(primary.address): the manifest \(tag(name)) names no blob")
        }
        return digest
    }

    private func manifest(named name: Digest) throws -> HTTPResponse {
        var request = primary.request(.get, "manifests/\(tag(name))")
        request.headers = [("Accept", RegistryManifest.mediaType)]
        let get = request
        return try primary.persistently { try primary.send(get, accepting: [404]) }
    }

    private func upload(
        _ digest: Digest, _ size: Int, body: @escaping (_ offset: Int, _ count: Int) -> HTTPRequest.Body
    ) throws {
        if try primary.hasBlob(digest) { return }
        let others = mirrors.map(\.address).filter { $0.server == primary.address.server }.map(\.name)
        var upload = RegistryUpload(primary, digest, size: size, chunk: chunk, body: body)
        try upload.run(mountingFrom: others)
    }

    /// Downloads a blob into a file and verifies it. Returns false if there is no such blob.
    package func get(_ digest: Digest, to file: String, limit: Int) throws -> Bool {
        var problem: (any Error)?
        for client in mirrors + [primary] {
            do {
                if try get(digest, from: client, to: file, limit: limit) { return true }
            } catch let error as RegistryError {
                logger.debug("a registry failed", metadata: ["reason": "\(error.message)"])
                problem = error
            }
        }
        if let problem { throw problem }
        return false
    }

    private func get(_ digest: Digest, from client: RegistryClient, to file: String, limit: Int) throws -> Bool {
        let blob = try IncomingBlob(file, size: 0)
        // Only the primary is retried: if a mirror is down, the next one is tried immediately.
        let isThere = try (client === primary ? client.persistently : { try $0() }) {
            try blob.restart()
            var request = client.request(.get, "blobs/\(digest.oci)")
            request.redirects = 5
            request.limits.bytes = limit
            return try client.send(request, accepting: [404]) { try blob.append($0) }.isSuccess
        }
        guard isThere else {
            unlink(file)
            return false
        }
        guard blob.digest() == digest else {
            unlink(file)
            throw client.otherContents(of: digest, size: blob.count)
        }
        return true
    }
}

// MARK: Diagnosis

extension RegistryBlobs {
    /// Checks that blobs can be written and read. Removes what it wrote.
    ///
    /// - Returns: A summary of what works, as text for the user.
    /// - Throws: `RegistryError` if writing or reading fails.
    package func probe() throws -> String {
        for client in mirrors { try client.ping() }
        var request = primary.request(.post, "blobs/uploads/")
        request.body = .bytes([])
        let upload = try primary.location(in: primary.send(request))
        // A registry that does not support cancelling uploads lets them expire.
        _ = try primary.send(HTTPRequest(.delete, upload), accepting: [400, 404, 405])
        let read = mirrors.isEmpty ? "" : "; \(count(mirrors.count, "mirror")) can be read"
        return "\(primary.address) can be written\(read)"
    }
}

// MARK: Collection

extension RegistryBlobs {
    /// The tags of the primary repository, which has blobs of all kinds.
    package func tags() throws -> RegistryTags {
        var found: [String] = []
        while true {
            var request = primary.request(.get, "tags/list?n=10000" + (found.last.map { "&last=\($0)" } ?? ""))
            request.limits.bytes = 256 << 20
            let page = request
            let response = try primary.persistently { try primary.send(page, accepting: [404]) }
            guard response.isSuccess else { return RegistryTags(found) }
            let names = try RegistryTags.names(in: response.body)
            let last = found.last
            found += names
            // A registry without pagination returns all tags and no link to a next page.
            guard response.header("link") != nil, let next = names.last, next != last else {
                return RegistryTags(found)
            }
        }
    }

    /// The digests of all blobs of this kind.
    package func list() throws -> Set<Digest> { try tags().digests(of: kind) }

    /// The blobs of this kind among `tags` that were stored before `horizon` and for which `isKept` is false. Blobs
    /// without a creation time are kept.
    ///
    /// - Parameter horizon: Seconds since 1970.
    package func garbage(
        in tags: RegistryTags, before horizon: Int, keeping isKept: (Digest) -> Bool
    ) throws -> [Digest] {
        try tags.digests(of: kind).filter { digest in
            guard !isKept(digest), let stored = try stored(digest) else { return false }
            return stored <= horizon
        }.sorted()
    }

    /// When a blob was stored, in seconds since 1970; nil if its manifest does not contain it.
    private func stored(_ digest: Digest) throws -> Int? {
        struct Stored: Decodable {
            var annotations: [String: String]?
        }
        let response = try manifest(named: digest)
        let text = try? JSONDecoder().decode(Stored.self, from: Data(response.body))
            .annotations?[RegistryManifest.creation]
        return text.flatMap { try? Date($0, strategy: .iso8601) }.map { Int($0.timeIntervalSince1970) }
    }

    /// Removes a blob's manifest; the registry's garbage collection frees the space.
    package func remove(_ digest: Digest) throws {
        try primary.persistently {
            guard let manifest = try manifestDigest(of: digest), !manifest.isEmpty else { return }
            _ = try primary.send(primary.request(.delete, "manifests/\(manifest)"), accepting: [404])
        }
    }
}
