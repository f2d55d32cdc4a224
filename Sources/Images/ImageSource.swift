internal import Core
internal import Foundation
internal import Registry
internal import System

/// The source of the documents and blobs of one image. Functions block the thread.
enum ImageSource: Sendable {
    case registry(RegistryImages, name: String)
    case layout(String)

    /// The manifest or index of a tag; without a tag, the tag `latest` of a registry, or the only one of a layout.
    func document(tag: String?) throws -> [UInt8] {
        switch self {
        case .registry(let images, let name):
            let tag = tag ?? "latest"
            return try registryDocument(images, name, tag) {
                Failure(
                    .input, "\(name): the registry has no image with the tag '\(tag)'",
                    hint: "`skopeo list-tags docker://\(name)` lists the tags")
            }
        case .layout(let directory):
            let index = try LayoutIndex(directory)
            let found = try index.images(tag: tag)
            return found.count == 1 ? try document(index.digest(of: found[0])) : try index.document(listing: found)
        }
    }

    /// The manifest or index with a digest.
    func document(_ digest: Digest) throws -> [UInt8] {
        let bytes: [UInt8]
        switch self {
        case .registry(let images, let name):
            bytes = try registryDocument(images, name, digest.oci) {
                Failure(
                    .input, "\(name): the registry has no image with the digest \(digest.oci)",
                    hint: "it may have been removed: give the digest of another one, or a tag")
            }
        case .layout(let directory): bytes = try LayoutIndex.read("\(directory)/blobs/sha256/\(digest)")
        }
        guard Digest(of: bytes) == digest else { throw damaged("the manifest", digest) }
        return bytes
    }

    /// A small blob: a configuration.
    func blob(_ descriptor: ImageDescriptor, _ digest: Digest, in directory: String) throws -> [UInt8] {
        let path = "\(directory)/blob"
        defer { unlink(path) }
        return try LayoutIndex.read(fetch(descriptor, digest, to: path))
    }

    /// The file of a blob: an existing one, or `path`, to which it is downloaded. A partial download there is
    /// continued.
    func fetch(_ descriptor: ImageDescriptor, _ digest: Digest, to path: String) throws -> String {
        switch self {
        case .registry(let images, let name):
            do {
                try images.download(digest, size: descriptor.size, to: path)
            } catch let error as RegistryError {
                throw failure(error, name)
            }
            return path
        case .layout(let directory):
            let file = "\(directory)/blobs/sha256/\(digest)"
            guard FileStatus(file)?.isFile == true else {
                throw Failure(.input, "\(directory): lacks the blob \(digest.oci)", hint: "copy the layout again")
            }
            guard try Digest(ofFile: file) == digest else { throw damaged("the blob", digest) }
            return file
        }
    }

    private func registryDocument(
        _ images: RegistryImages, _ name: String, _ reference: String, absent: () -> Failure
    ) throws -> [UInt8] {
        do {
            let types = ImageIndex.types + ImageManifest.types
            guard let found = try images.manifest(reference, types: types, limit: ImageManifest.sizeLimit) else {
                throw absent()
            }
            return found
        } catch let error as RegistryError {
            throw failure(error, name)
        }
    }

    private func failure(_ error: RegistryError, _ name: String) -> Failure {
        switch error.kind {
        case .absent: Failure(.input, "\(name): \(error.message)", hint: "the image may have been removed")
        case .authentication, .denied:
            Failure(
                .input, "\(name): there is no such image, or the registry requires a login: \(error.message)",
                hint: "check the name; 'skopeo login --authfile FILE HOST' writes a file for 'registry-credentials'")
        case .unreachable:
            Failure(
                .unavailable, "\(name): the registry cannot be reached: \(error.message)",
                hint: "check the registry's name; 'image-mirrors' sets another address for it")
        case .damaged:
            Failure(
                .unavailable, "\(name): \(error.message)",
                hint: "the registry or a proxy has changed it; an image with another digest is a different image")
        case .limited:
            Failure(
                .unavailable, "\(name): \(error.message)",
                hint: "it may allow more to users ('registry-credentials'); 'image-mirrors' sets another address for it"
            )
        case .busy, .certificate, .credentials, .scheme, .forbidden, .refused:
            Failure(.unavailable, "\(name): \(error.message)", hint: error.hint)
        }
    }

    private func damaged(_ what: String, _ digest: Digest) -> Failure {
        let location =
            switch self {
            case .registry(_, let name): name
            case .layout(let directory): directory
            }
        return Failure(
            .unavailable, "\(location): \(what) \(digest.oci) has other contents",
            hint: "copy the image again; an image with another digest is a different image")
    }
}

/// The file `index.json` of an image layout.
private struct LayoutIndex {
    let directory: String
    let index: ImageIndex

    init(_ directory: String) throws {
        self.directory = directory
        guard FileStatus(directory)?.isFile != true else {
            throw Failure(
                .input, "\(directory): is a file, expected the directory of an OCI image layout",
                hint:
                    "`skopeo copy docker-archive:\(directory) oci:DIRECTORY:TAG` converts a file of `docker save`, with "
                    + "'oci-archive:' a packed layout")
        }
        guard FileStatus("\(directory)/oci-layout") != nil, FileStatus("\(directory)/index.json") != nil else {
            throw Failure(
                .input, "\(directory): is not an OCI image layout: expected the files 'oci-layout' and 'index.json'",
                hint: "`skopeo copy docker://IMAGE oci:\(directory):TAG` creates one")
        }
        let bytes = try Self.read("\(directory)/index.json")
        guard let index = try? JSONDecoder().decode(ImageIndex.self, from: Data(bytes)) else {
            throw Failure(.input, "\(directory)/index.json: expected an index of an OCI image layout")
        }
        self.index = index
    }

    /// The images with a tag, or all: one, or several for different platforms.
    func images(tag: String?) throws(Failure) -> [ImageDescriptor] {
        let key = "org.opencontainers.image.ref.name"
        var digests: Set<String> = []
        let found = index.manifests.filter { tag == nil || $0.annotations?[key] == tag }
            .filter { digests.insert($0.digest).inserted }
        let tags = Set(index.manifests.compactMap { $0.annotations?[key] }).sorted()
        let known = tags.isEmpty ? "its images have no tags" : "there are \(tags.joined(separator: ", "))"
        guard !found.isEmpty else {
            throw Failure(.input, "\(directory): has no image \(tag.map { "with the tag '\($0)'" } ?? "")", hint: known)
        }
        let isOne = Set(found.map { $0.annotations?[key] }).count == 1
        guard found.count == 1 || isOne && Set(found.compactMap(\.platform)).count == found.count else {
            let remedy = tag.map { " with the tag '\($0)': name one by its digest" } ?? ": name one by its tag"
            throw Failure(
                .input, "\(directory): has \(found.count) images\(remedy)",
                hint: tags.isEmpty || tag != nil ? "write 'oci:\(directory)@sha256:DIGEST'" : known)
        }
        return found
    }

    func digest(of image: ImageDescriptor) throws(Failure) -> Digest {
        guard let digest = image.sha256 else {
            throw Failure(.input, "\(directory): '\(image.digest)': expected a digest by sha256")
        }
        return digest
    }

    /// An index of images for several platforms.
    func document(listing images: [ImageDescriptor]) throws -> [UInt8] {
        [UInt8](try JSONEncoder().encode(ImageIndex(manifests: images)))
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = try OpenFile<Failure>.ifPresent(path) else {
            throw Failure(.input, "\(path): there is no such file", hint: "copy the layout again")
        }
        guard file.size <= ImageManifest.sizeLimit else {
            throw Failure(.input, "\(path): has \(file.size) bytes, \(ImageManifest.sizeLimit) are allowed")
        }
        return try file.readAll()
    }
}
