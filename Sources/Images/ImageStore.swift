package import Core
internal import Foundation
package import Layers
internal import Logging
internal import System

/// Downloads images and keeps their blobs, so that a layer shared by two images is downloaded once.
///
/// ```
/// blobs/DIGEST         a manifest, a configuration or a layer with a verified digest
/// partial/DIGEST       the received part of a blob; the next attempt continues it
/// incoming/            small blobs that are being downloaded
/// facts/3/DIGEST.json  the facts about an image that planning needs
/// locks/DIGEST         held while a blob is downloaded
/// ```
package struct ImageStore: Sendable {
    /// The directory of the blobs.
    package let directory: String
    private let usage: CacheUsage?
    private let registries: ImageRegistries
    let readOnlyDirectories: [String]

    /// - Parameters:
    ///   - usage: is notified of each use of a blob.
    ///   - readOnlyDirectories: directories of other stores that are read first and not changed.
    package init(
        _ directory: String, usage: CacheUsage? = nil, registries: ImageRegistries = ImageRegistries(),
        readOnlyDirectories: [String] = []
    ) {
        self.directory = directory
        self.usage = usage
        self.registries = registries
        self.readOnlyDirectories = readOnlyDirectories
    }

    // MARK: Resolving

    /// Resolves a reference for an architecture, without downloading layers.
    ///
    /// - Parameter architecture: the architecture in opam's spelling.
    /// - Throws: `Failure`: `input` if there is no such image, `unavailable` if it cannot be downloaded.
    package func resolve(_ reference: ImageReference, architecture: String) async throws -> ResolvedImage {
        try await BlockingWork.runUntilCancelled { try resolveNow(reference, architecture) }
    }

    private func resolveNow(_ reference: ImageReference, _ architecture: String) throws -> ResolvedImage {
        let source = try source(of: reference)
        let named =
            if let digest = reference.digest {
                try document(digest, from: source)
            } else {
                try source.document(tag: reference.tag)
            }
        var others: [String] = []
        guard let bytes = try manifest(in: named, for: architecture, from: source, depth: 0, others: &others) else {
            throw noImage(reference, architecture, others)
        }
        let digest = try keep(bytes)
        let manifest = try manifest(bytes, reference)
        guard let configurationDigest = manifest.config.sha256 else { throw unusable(reference, "no configuration") }
        let text = try blob(manifest.config, configurationDigest, from: source)
        guard let configuration = try? JSONDecoder().decode(ImageConfiguration.self, from: Data(text)) else {
            throw unusable(reference, "expected a configuration in JSON")
        }
        if let system = configuration.os, !["", "linux"].contains(system) {
            throw unusable(reference, "is an image for \(system.displayableOnOneLine), expected one for Linux")
        }
        if let found = configuration.architecture, !["", ImageIndex.name(of: architecture)].contains(found) {
            throw noImage(reference, architecture, [ImageIndex.opamName(of: found)])
        }
        var exact = reference
        (exact.tag, exact.digest) = (nil, digest)
        return ResolvedImage(
            reference: exact, digest: digest, configuration: configuration, layers: manifest.layers,
            contents: try contents(manifest, configuration, reference))
    }

    /// The manifest for an architecture: the document itself, or one that it lists, directly or in another index.
    ///
    /// - Parameter others: the architectures for which there are other images.
    private func manifest(
        in document: [UInt8], for architecture: String, from source: ImageSource, depth: Int, others: inout [String]
    ) throws -> [UInt8]? {
        guard let index = try? JSONDecoder().decode(ImageIndex.self, from: Data(document)) else { return document }
        if let digest = index.manifest(for: architecture)?.sha256 { return try self.document(digest, from: source) }
        others += index.architectures
        guard depth < ImageIndex.depthLimit else { return nil }
        for entry in index.manifests.filter({ $0.platform == nil }).prefix(ImageIndex.unknownLimit) {
            guard let digest = entry.sha256 else { continue }
            let listed = try self.document(digest, from: source)
            guard
                let found = try manifest(
                    in: listed, for: architecture, from: source, depth: depth + 1, others: &others)
            else { continue }
            // Documents other than images, such as signatures, are also listed without a platform.
            let named = found == listed ? try self.architecture(of: found, from: source) : architecture
            if named == architecture { return found }
            if let named { others.append(named) }
        }
        return nil
    }

    /// The architecture in the configuration of an image, in opam's spelling; nil if the document is not an image's
    /// manifest.
    private func architecture(of manifest: [UInt8], from source: ImageSource) throws -> String? {
        guard let manifest = try? JSONDecoder().decode(ImageManifest.self, from: Data(manifest)),
            manifest.config.size <= ImageManifest.sizeLimit, let digest = manifest.config.sha256,
            let configuration = try? JSONDecoder().decode(
                ImageConfiguration.self, from: Data(blob(manifest.config, digest, from: source)))
        else { return nil }
        return configuration.architecture.map(ImageIndex.opamName)
    }

    /// The digests of the layers without compression.
    private func contents(
        _ manifest: ImageManifest, _ configuration: ImageConfiguration, _ reference: ImageReference
    ) throws(Failure) -> [Digest] {
        let listed = configuration.rootfs?.layers ?? []
        guard listed.count == manifest.layers.count else {
            throw unusable(
                reference,
                "the configuration lists \(count(listed.count, "layer")) ('rootfs.diff_ids'), the manifest "
                    + "\(manifest.layers.count)")
        }
        return try listed.map { text throws(Failure) in
            guard let digest = Digest(oci: text) else {
                throw unusable(reference, "'\(text)' in 'rootfs.diff_ids': expected a digest by sha256")
            }
            return digest
        }
    }

    private func manifest(_ bytes: [UInt8], _ reference: ImageReference) throws(Failure) -> ImageManifest {
        guard let manifest = try? JSONDecoder().decode(ImageManifest.self, from: Data(bytes)) else {
            throw unusable(reference, "expected the manifest of an image: of OCI, or Docker's version 2")
        }
        let sizes = [manifest.config.size] + manifest.layers.map(\.size)
        guard sizes.allSatisfy({ (0...ImageManifest.bytesLimit).contains($0) }),
            sizes.reduce(0, +) <= ImageManifest.bytesLimit, manifest.config.size <= ImageManifest.sizeLimit
        else { throw unusable(reference, "more than \(ByteSize(bytes: ImageManifest.bytesLimit))") }
        guard manifest.layers.count <= ImageManifest.layerLimit else {
            throw unusable(reference, "\(manifest.layers.count) layers, \(ImageManifest.layerLimit) are allowed")
        }
        if let other = manifest.layers.first(where: { $0.sha256 == nil }) {
            throw unusable(reference, "a layer with the digest '\(other.digest)': expected sha256")
        }
        return manifest
    }

    private func unusable(_ reference: ImageReference, _ reason: String) -> Failure {
        Failure(.input, "image '\(reference)': \(reason)")
    }

    private func noImage(_ reference: ImageReference, _ architecture: String, _ found: [String]) -> Failure {
        Failure(
            .input, "image '\(reference)': there is none for the architecture '\(architecture)'",
            hint: found.isEmpty
                ? "it has none for Linux" : "there are images for \(Set(found).sorted().joined(separator: ", "))")
    }

    private func source(of reference: ImageReference) throws -> ImageSource {
        switch reference.location {
        case .layout(let directory): .layout(directory)
        case .registry(let host, let name):
            .registry(try registries.repository(host, name), name: reference.name)
        }
    }

    // MARK: Layers

    /// The number of layers that are downloaded at the same time, and stay ahead of the one being processed.
    private static let downloadWidth = 6

    /// Calls `body` with each layer of an image, the lowest first, as soon as it is available on this machine. Missing
    /// layers are downloaded, several at a time, while `body` runs.
    ///
    /// - Throws: `Failure`; `CancellationError`; any error of `body`.
    package func forEachLayer(
        of image: ResolvedImage, _ body: (ImageLayer) async throws -> Void
    ) async throws {
        let source = try source(of: image.reference)
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            var available: [Int: String] = [:]
            var begun = 0
            func begin() {
                guard begun < image.layers.count else { return }
                let (index, layer) = (begun, image.layers[begun])
                begun += 1
                group.addTask {
                    (index, try await BlockingWork.runUntilCancelled { try fetch(layer, from: source) })
                }
            }
            for _ in 0..<Self.downloadWidth { begin() }
            for (index, layer) in image.layers.enumerated() {
                while available[index] == nil, let (other, file) = try await group.next() {
                    available[other] = file
                    begin()
                }
                guard let archive = available.removeValue(forKey: index) else { throw CancellationError() }
                let name = "\(image.reference.name): layer \(layer.digest)"
                try await body(ImageLayer(name: name, archive: archive, contents: image.contents[index]))
            }
        }
    }

    private func fetch(_ layer: ImageDescriptor, from source: ImageSource) throws -> String {
        guard let digest = layer.sha256 else { throw Failure(.input, "'\(layer.digest)': expected a digest by sha256") }
        if case .layout = source { return try source.fetch(layer, digest, to: "") }
        try usage?.noteUse(.image, digest)
        if let known = try intact(digest) { return known }
        for name in ["blobs", "partial", "locks"] { try Files.makeDirectories("\(directory)/\(name)") }
        let lock = try OpenFile<Failure>("\(directory)/locks/\(digest)", O_RDWR | O_CREAT)
        try lock.waitForLock()
        defer { lock.unlock() }
        if let known = try intact(digest) { return known }
        let start = ContinuousClock.now
        let partial = "\(directory)/partial/\(digest)"
        let path = "\(directory)/blobs/\(digest)"
        try Files.rename(source.fetch(layer, digest, to: partial), path)
        VerifiedFile.mark(path)
        usage?.noteSize(.image, digest, at: path)
        logger.debug(
            "downloaded a layer",
            metadata: [
                "digest": "\(digest)", "bytes": "\(layer.size)", "duration": "\(ContinuousClock.now - start)",
            ])
        return path
    }

    // MARK: Blobs

    /// The paths of the stored layers and documents, and of partial downloads that no process is continuing.
    package var blobs: [Digest: String] {
        var found: [Digest: String] = [:]
        for part in ["partial", "blobs"] {
            for name in names(in: "\(directory)/\(part)") {
                guard let digest = Digest(hex: name) else { continue }
                if part == "partial", lockUnlessDownloading(digest) == nil { continue }
                found[digest] = "\(directory)/\(part)/\(name)"
            }
        }
        return found
    }

    /// Removes a blob or its partial download. It is downloaded again when it is needed.
    package func remove(_ digest: Digest) {
        unlink("\(directory)/blobs/\(digest)")
        guard let lock = lockUnlessDownloading(digest) else { return }
        unlink("\(directory)/partial/\(digest)")
        lock.unlock()
    }

    /// The lock for downloading a blob; nil if a process is downloading it.
    private func lockUnlessDownloading(_ digest: Digest) -> OpenFile<Failure>? {
        let lock = try? OpenFile<Failure>("\(directory)/locks/\(digest)", O_RDWR | O_CREAT)
        return (try? lock?.tryLock()) == true ? lock : nil
    }

    private func existing(_ digest: Digest) -> String? {
        ([directory] + readOnlyDirectories).lazy.map { "\($0)/blobs/\(digest)" }.first { access($0, F_OK) == 0 }
    }

    /// The path of a stored layer, if it is intact.
    private func intact(_ digest: Digest) throws -> String? {
        guard let path = existing(digest) else { return nil }
        if VerifiedFile.isMarked(path) { return path }
        if try Digest(ofFile: path) == digest {
            VerifiedFile.mark(path)
            return path
        }
        logger.debug("a layer is damaged", metadata: ["digest": "\(digest)"])
        if path.hasPrefix("\(directory)/") { unlink(path) }
        return nil
    }

    private func document(_ digest: Digest, from source: ImageSource) throws -> [UInt8] {
        if let known = try kept(digest) { return known }
        let bytes = try source.document(digest)
        try keep(bytes)
        return bytes
    }

    private func blob(_ descriptor: ImageDescriptor, _ digest: Digest, from source: ImageSource) throws -> [UInt8] {
        if let known = try kept(digest) { return known }
        ScratchDirectory.removeLeftovers(in: "\(directory)/incoming")
        let scratch = try Files.scratchDirectory(in: "\(directory)/incoming")
        let bytes = try source.blob(descriptor, digest, in: scratch.path)
        try keep(bytes)
        return bytes
    }

    /// A small blob that is stored.
    private func kept(_ digest: Digest) throws -> [UInt8]? {
        guard let path = existing(digest) else { return nil }
        try usage?.noteUse(.image, digest)
        let bytes = try Files.contents(of: path, limit: ImageManifest.sizeLimit)
        return bytes.flatMap { Digest(of: $0) == digest ? $0 : nil }
    }

    @discardableResult
    private func keep(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(of: bytes)
        if try kept(digest) != nil { return digest }
        try Files.makeDirectories("\(directory)/blobs")
        try usage?.noteUse(.image, digest)
        let path = "\(directory)/blobs/\(digest)"
        try Files.replace(path, with: bytes, mode: 0o644, durability: .none)
        usage?.noteSize(.image, digest, at: path)
        return digest
    }
}
