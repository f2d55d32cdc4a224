import Core
import Foundation
import HTTP
import System
import TestSupport
import Testing

@testable import Images

/// Images from a registry on this machine, and from layouts on disk.
@Suite(
    .enabled(
        if: RegistryServer.isInstalled && ImageLayout.isPossible && Program.areInstalled("skopeo"),
        "needs docker-registry, skopeo, python3 and zstd"))
struct ImageStoreTests {
    private let directory: TemporaryDirectory
    private let layout: ImageLayout

    init() throws {
        directory = try TemporaryDirectory()
        layout = ImageLayout(directory("layout"))
    }

    private func store(_ name: String = "store", timeout: Duration = .seconds(30)) -> ImageStore {
        ImageStore(directory(name), registries: ImageRegistries(timeout: timeout))
    }

    private func reference(_ server: RegistryServer, _ name: String) throws -> ImageReference {
        try #require(ImageReference("\(server.url.dropFirst("http://".count))/\(name)"))
    }

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        do {
            try await body()
            Issue.record("it succeeds")
        } catch let failure as Failure {
            return failure
        } catch {
            Issue.record("\(error)")
        }
        return nil
    }

    private static let base = ImageLayout.Layer([.file("base", String(repeating: "base", count: 50_000))])

    private func image(_ text: String, architecture: String = "amd64", isDocker: Bool = false) -> ImageLayout.Image {
        ImageLayout.Image(
            [Self.base, ImageLayout.Layer([.file("own", text)])], architecture: architecture,
            environment: ["A=b", "HOME=/x"], user: "u", isDocker: isDocker)
    }

    /// Pushes an image as `x:1`.
    ///
    /// - Returns: Its digest, the digest of one of its layers, and the bytes of that.
    private func pushImage(to server: RegistryServer, layer index: Int) throws -> (String, layer: String, Data) {
        let digest = try layout.add([image("x")], tag: "x")
        try layout.push("x", to: server, as: "x:1")
        let layer = try layout.layers(of: digest)[index]
        return (digest, layer, try Data(contentsOf: URL(filePath: server.file(ofBlob: layer))))
    }

    @Test func aTagIsResolvedForAnArchitecture() async throws {
        let server = try await RegistryServer()
        let single = try layout.add([image("single")], tag: "single")
        try layout.add([image("1"), image("2", architecture: "arm64")], tag: "several")
        for tag in ["single", "several"] { try layout.push(tag, to: server, as: "team/x:\(tag)") }
        for kind in ["registry", "layout"] {
            func named(_ tag: String) throws -> ImageReference {
                kind == "layout"
                    ? ImageReference(.layout(layout.directory), tag: tag) : try reference(server, "team/x:\(tag)")
            }
            let store = store(kind)
            let one = try await store.resolve(named("single"), architecture: "x86_64")
            #expect("\(one.digest)" == single && one.reference.description.hasSuffix("@sha256:\(single)"))
            #expect(one.configuration.variables == ["A": "b"] && one.configuration.user == "u")
            let intel = try await store.resolve(named("several"), architecture: "x86_64")
            let arm = try await store.resolve(named("several"), architecture: "arm64")
            #expect(Set([one.digest, intel.digest, arm.digest]).count == 3)
            #expect(try await store.resolve(arm.reference, architecture: "arm64").digest == arm.digest)
            let missing = await failure { _ = try await store.resolve(named("several"), architecture: "s390x") }
            #expect(missing?.category == .input)
            #expect(missing?.diagnostics[0].hint == "there are images for arm64, x86_64")
            let absent = await failure { _ = try await store.resolve(named("absent"), architecture: "x86_64") }
            #expect(absent?.category == .input && absent?.description.contains("'absent'") == true)
            let other = await failure { _ = try await store.resolve(named("single"), architecture: "arm64") }
            #expect(other?.category == .input)
        }
        let docker = try layout.add([image("docker", isDocker: true)], tag: "docker")
        let old = ImageReference(.layout(layout.directory), tag: "docker")
        #expect("\(try await store().resolve(old, architecture: "x86_64").digest)" == docker)
        let unknown = await failure {
            _ = try await store().resolve(reference(server, "team/y:1"), architecture: "x86_64")
        }
        #expect(unknown?.category == .input)
        server.kill()
        let down = await failure {
            _ = try await store("new", timeout: .zero).resolve(
                reference(server, "team/x:single"), architecture: "x86_64")
        }
        #expect(down?.category == .unavailable)
        let kept = try reference(server, "team/x@sha256:\(single)")
        #expect("\(try await store("registry", timeout: .zero).resolve(kept, architecture: "x86_64").digest)" == single)
    }

    /// The layer that both images have in common is requested once: it has been removed from the registry when the
    /// second image is pulled.
    @Test func aSecondImagePullsOnlyDifferentLayers() async throws {
        let server = try await RegistryServer()
        let store = store()
        let first = try layout.add([image("first")], tag: "first")
        try layout.add([image("second")], tag: "second")
        for tag in ["first", "second"] { try layout.push(tag, to: server, as: "x:\(tag)") }
        func layers(_ tag: String) async throws -> [String] {
            try await store.layers(of: store.resolve(reference(server, "x:\(tag)"), architecture: "x86_64"))
                .map(\.archive)
        }
        let one = try await layers("first")
        try FileManager.default.removeItem(atPath: server.file(ofBlob: try layout.layers(of: first)[0]))
        let two = try await layers("second")
        #expect(one[0] == two[0] && one[1] != two[1])
        for (file, digest) in zip(one, try layout.layers(of: first)) {
            #expect("\(try Digest(ofFile: file))" == digest)
        }
    }

    @Test func modifiedFilesAreNotUsed() async throws {
        let server = try await RegistryServer()
        let (digest, layer, original) = try pushImage(to: server, layer: 1)
        var changed = original
        changed[changed.count / 2] ^= 1
        let store = store()
        let image = try await store.resolve(reference(server, "x:1"), architecture: "x86_64")
        try changed.write(to: URL(filePath: server.file(ofBlob: layer)))
        let refused = await failure { _ = try await store.layers(of: image) }
        #expect(refused?.category == .unavailable && refused?.description.contains("other contents") == true)
        // The other layer's download may have been cancelled: what has arrived of it stays.
        #expect(!FileManager.default.fileExists(atPath: directory("store/partial/\(layer)")))
        try original.write(to: URL(filePath: server.file(ofBlob: layer)))
        let file = try await store.layers(of: image)[1].archive
        // Cached files are verified again after their metadata has changed.
        try changed.write(to: URL(filePath: file))
        #expect("\(try Digest(ofFile: try await store.layers(of: image)[1].archive))" == layer)
        // A layout's blobs are not kept, and compared each time.
        try changed.write(to: URL(filePath: layout.blob(layer)))
        let local = try await store.resolve(
            ImageReference(.layout(layout.directory), tag: "x"), architecture: "x86_64")
        #expect(await failure { _ = try await store.layers(of: local) }?.category == .unavailable)
        try Data("{}".utf8).write(to: URL(filePath: layout.blob(digest)))
        let manifest = await failure {
            _ = try await self.store("other").resolve(local.reference, architecture: "x86_64")
        }
        #expect(manifest?.category == .unavailable)
    }

    /// A layer is used while those above it are still on their way.
    @Test func aLayerIsUsedBeforeTheNextOneIsHere() async throws {
        let server = try await RegistryServer()
        let (_, upper, _) = try pushImage(to: server, layer: 1)
        let store = store()
        let image = try await store.resolve(reference(server, "x:1"), architecture: "x86_64")
        try FileManager.default.createDirectory(atPath: directory("store/locks"), withIntermediateDirectories: true)
        let lock = try OpenFile<SystemError>(directory("store/locks/\(upper)"), O_RDWR | O_CREAT)
        try lock.waitForLock()
        var used: [String] = []
        try await store.forEachLayer(of: image) { layer in
            used.append(layer.archive)
            if used.count == 1 {
                #expect(!FileManager.default.fileExists(atPath: directory("store/blobs/\(upper)")))
                lock.unlock()
            }
            let contents = try Program(["sh", "-c", "gzip -dc <\(layer.archive) | sha256sum"]).output().prefix(64)
            #expect(contents == layer.contents.hex)
        }
        #expect(used.count == 2 && used[1] == directory("store/blobs/\(upper)"))
    }

    @Test func aConfigurationThatListsOtherLayersIsRefused() async throws {
        let known = Digest(of: "").oci
        for (listed, reason) in [
            ([known], "the configuration lists 1 layer ('rootfs.diff_ids'), the manifest 2"),
            ([known, "sha512:00"], "'sha512:00' in 'rootfs.diff_ids': expected a digest by sha256"),
        ] {
            var image = image("x")
            image.contents = listed
            try layout.add([image], tag: "x")
            let refused = await failure {
                _ = try await store().resolve(
                    ImageReference(.layout(layout.directory), tag: "x"), architecture: "x86_64")
            }
            #expect(refused?.category == .input && refused?.description.contains(reason) == true, "\(refused as Any)")
        }
    }

    /// Files of other stores are only read, even if the names of their directories begin with that of this store.
    @Test func aDamagedBlobOfAnotherStoreIsNotTouched() async throws {
        let server = try await RegistryServer()
        let (_, layer, original) = try pushImage(to: server, layer: 1)
        let others = store("store-of-others")
        let image = try await others.resolve(reference(server, "x:1"), architecture: "x86_64")
        let file = try await others.layers(of: image)[1].archive
        try original.dropLast().write(to: URL(filePath: file))
        let own = ImageStore(directory("store"), readOnlyDirectories: [directory("store-of-others")])
        let found = try await own.layers(of: image)[1].archive
        #expect(found == directory("store/blobs/\(layer)"))
        #expect(try Data(contentsOf: URL(filePath: found)) == original)
        #expect(try Data(contentsOf: URL(filePath: file)) == original.dropLast())
    }

    /// A part left by a killed process is not pulled again: the registry now has other bytes there.
    @Test func killedPullsAreResumed() async throws {
        let server = try await RegistryServer()
        let (_, layer, original) = try pushImage(to: server, layer: 0)
        let store = store()
        let image = try await store.resolve(reference(server, "x:1"), architecture: "x86_64")
        try FileManager.default.createDirectory(atPath: directory("store/partial"), withIntermediateDirectories: true)
        let half = original.count / 2
        try original.prefix(half).write(to: URL(filePath: directory("store/partial/\(layer)")))
        var changed = original
        for index in 0..<half { changed[index] = 0 }
        try changed.write(to: URL(filePath: server.file(ofBlob: layer)))
        #expect("\(try Digest(ofFile: try await store.layers(of: image)[0].archive))" == layer)
        // A part with other bytes is dropped, and everything is pulled again.
        try original.write(to: URL(filePath: server.file(ofBlob: layer)))
        let (again, other) = (self.store("again"), self.directory("again/partial"))
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try changed.prefix(half).write(to: URL(filePath: "\(other)/\(layer)"))
        #expect("\(try Digest(ofFile: try await again.layers(of: image)[0].archive))" == layer)
    }

    /// What is left of a pull that is never repeated can be evicted, but not while somebody pulls it.
    @Test func partsAreListedAndRemoved() throws {
        let store = store()
        let digest = Digest(of: "layer")
        let part = directory("store/partial/\(digest)")
        try directory.write("half", to: "store/partial/\(digest)")
        try directory.write("", to: "store/locks/\(digest)")
        let lock = try OpenFile<SystemError>(directory("store/locks/\(digest)"), O_RDWR)
        try lock.waitForLock()
        #expect(store.blobs.isEmpty)
        store.remove(digest)
        #expect(access(part, F_OK) == 0)
        lock.unlock()
        #expect(store.blobs == [digest: part])
        store.remove(digest)
        #expect(access(part, F_OK) != 0 && store.blobs.isEmpty)
    }

    /// Writes a document of the layout.
    ///
    /// - Returns: its digest: 64 digits.
    private func write(_ document: [String: Any]) throws -> String {
        let bytes = try JSONSerialization.data(withJSONObject: document, options: .sortedKeys)
        let digest = Digest(of: Array(bytes)).hex
        try bytes.write(to: URL(filePath: layout.blob(digest)))
        return digest
    }

    /// An index of images and indexes, each with an architecture or none.
    private func index(_ entries: [(digest: String, kind: String, architecture: String?)]) throws -> String {
        try write([
            "schemaVersion": 2,
            "manifests": entries.map { entry -> [String: Any] in
                var descriptor: [String: Any] = [
                    "mediaType": "application/vnd.oci.image.\(entry.kind).v1+json", "digest": "sha256:\(entry.digest)",
                    "size": 1,
                ]
                descriptor["platform"] = entry.architecture.map { ["os": "linux", "architecture": $0] }
                return descriptor
            },
        ])
    }

    @Test func indexesMayBeNestedAndLackPlatforms() async throws {
        let intel = try layout.add([image("1")], tag: "intel")
        let arm = try layout.add([image("2", architecture: "arm64")], tag: "arm")
        let note = try write(["schemaVersion": 2, "subject": ["digest": "sha256:\(intel)"], "layers": [] as [String]])
        let inner = try index([(arm, "manifest", "arm64"), (intel, "manifest", "amd64")])
        let unnamed = try index([(note, "manifest", nil), (arm, "manifest", nil), (intel, "manifest", nil)])
        var deep = inner
        for _ in 0..<10 { deep = try index([(deep, "index", nil)]) }
        func digest(_ name: String, _ architecture: String) async throws -> String {
            let reference = ImageReference(.layout(layout.directory), digest: Digest(hex: name))
            return try await store().resolve(reference, architecture: architecture).digest.hex
        }
        for name in [try index([(note, "manifest", nil), (inner, "index", nil)]), unnamed] {
            #expect(try await digest(name, "x86_64") == intel)
            #expect(try await digest(name, "arm64") == arm)
            let missing = await failure { _ = try await digest(name, "s390x") }
            #expect(missing?.diagnostics[0].hint == "there are images for arm64, x86_64")
        }
        #expect(await failure { _ = try await digest(deep, "x86_64") }?.category == .input)
        // The index of the layout may list an image for each architecture itself.
        for (tags, isOne) in [(["", ""], true), (["t", "t"], true), (["t", "u"], false)] {
            let entries = zip([(arm, "arm64"), (intel, "amd64")], tags).map { image, tag in
                #"{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:\#(image.0)", "size": 1, "#
                    + #""platform": {"os": "linux", "architecture": "\#(image.1)"}"#
                    + (tag.isEmpty ? "}" : #", "annotations": {"org.opencontainers.image.ref.name": "\#(tag)"}}"#)
            }
            try directory.write(
                #"{"schemaVersion": 2, "manifests": [\#(entries.joined(separator: ", "))]}"#, to: "layout/index.json")
            let reference = ImageReference(.layout(layout.directory))
            if isOne {
                #expect(try await store().resolve(reference, architecture: "x86_64").digest.hex == intel)
            } else {
                let several = await failure { _ = try await store().resolve(reference, architecture: "x86_64") }
                #expect(several?.description.contains("there are t, u") == true)
            }
        }
    }

    @Test func imagesForOtherSystemsAreRefused() async throws {
        let digest = try layout.add([image("1")], tag: "x")
        func document(_ digest: String) throws -> [String: Any] {
            let bytes = try Data(contentsOf: URL(filePath: layout.blob(digest)))
            return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        }
        var manifest = try document(digest)
        var descriptor = try #require(manifest["config"] as? [String: Any])
        var configuration = try document(String(try #require(descriptor["digest"] as? String).dropFirst(7)))
        for (system, isRefused) in [("windows", true), ("", false)] {
            configuration["os"] = system
            descriptor["digest"] = "sha256:" + (try write(configuration))
            manifest["config"] = descriptor
            let changed = ImageReference(.layout(layout.directory), digest: Digest(hex: try write(manifest)))
            guard isRefused else {
                #expect(try await store().resolve(changed, architecture: "x86_64").layers.count == 2)
                continue
            }
            let failure = await failure { _ = try await store().resolve(changed, architecture: "x86_64") }
            #expect(failure?.category == .input && failure?.description.contains("for windows") == true)
        }
    }

    @Test func layoutsThatCannotBeUsedAreExplained() async throws {
        func problem(_ reference: ImageReference) async -> String? {
            await failure { _ = try await store().resolve(reference, architecture: "x86_64") }?.description
        }
        #expect(
            await problem(ImageReference(.layout(directory("absent"))))?.contains("is not an OCI image layout") == true)
        try layout.add([image("1")], tag: "one")
        #expect(
            try await store().resolve(ImageReference(.layout(layout.directory)), architecture: "x86_64").layers.count
                == 2)
        try layout.add([image("2")], tag: "two")
        let several = await problem(ImageReference(.layout(layout.directory)))
        #expect(several?.contains("has 2 images") == true && several?.contains("there are one, two") == true)
        try directory.write("tar", to: "saved.tar")
        #expect(await problem(ImageReference(.layout(directory("saved.tar"))))?.contains("docker-archive:") == true)
        try directory.write("[]", to: "layout/index.json")
        #expect(await problem(ImageReference(.layout(layout.directory)))?.contains("expected an index") == true)
    }
}

extension ImageStore {
    /// The layers of an image, the lowest first.
    fileprivate func layers(of image: ResolvedImage) async throws -> [ImageLayer] {
        var layers: [ImageLayer] = []
        try await forEachLayer(of: image) { layers.append($0) }
        return layers
    }
}
