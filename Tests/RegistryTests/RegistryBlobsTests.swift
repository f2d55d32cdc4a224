import Core
import Foundation
import HTTP
import System
import TestSupport
import Testing

@testable import Registry

@Suite(.enabled(if: RegistryServer.isInstalled, "needs docker-registry, openssl, python3 and htpasswd"))
struct RegistryBlobsTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func client(
        _ server: RegistryServer, _ name: String = "ciso", credentials: String? = nil, settings: HTTPSettings = .init(),
        timeout: Duration = .seconds(120)
    ) throws -> RegistryClient {
        RegistryClient(
            try #require(RegistryAddress("\(server.url)/\(name)")), http: HTTPClient(settings),
            credentials: try credentials.map { try RegistryCredentials(file: $0) } ?? RegistryCredentials(),
            timeout: timeout)
    }

    private func file(_ name: String, _ count: Int) throws -> (path: String, digest: Digest) {
        var generator = SeededGenerator(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try Data(bytes).write(to: URL(filePath: directory(name)))
        return (directory(name), Digest(of: bytes))
    }

    private func kind(_ body: () throws -> Void) -> RegistryError.Kind? {
        let error = #expect(throws: (any Error).self, performing: body)
        return (error as? RegistryError)?.kind
    }

    private func contents(_ blobs: RegistryBlobs, _ digest: Digest) throws -> Digest? {
        guard try blobs.get(digest, to: directory("got"), limit: 1 << 30) else {
            #expect(!FileManager.default.fileExists(atPath: directory("got")))
            return nil
        }
        return try Digest(ofFile: directory("got"))
    }

    @Test(arguments: ["anonymous", "basic", "bearer"]) func blobsComeBackAsTheyWere(access: String) async throws {
        let accesses: [String: RegistryServer.Access] = [
            "anonymous": .anonymous, "basic": .basic, "bearer": .bearer,
        ]
        let server = try await RegistryServer(try #require(accesses[access]))
        let client = try client(server, credentials: access == "anonymous" ? nil : server.credentials())
        let blobs = RegistryBlobs(client, mirrors: [], kind: .layer, chunk: 100_000)
        #expect(try blobs.probe() == "\(server.url)/ciso can be written")
        var all: Set<Digest> = []
        for size in [0, 1, 99_999, 100_000, 100_001, 450_000] {
            let (path, digest) = try file("blob", size)
            #expect(try !blobs.contains(digest))
            #expect(try contents(blobs, digest) == nil)
            try blobs.put(digest, archive: path)
            try blobs.put(digest, archive: path)
            #expect(try blobs.contains(digest), "\(size) bytes")
            #expect(try contents(blobs, digest) == digest, "\(size) bytes")
            all.insert(digest)
        }
        let logs = RegistryBlobs(client, kind: .log)
        let (log, digest) = try file("log", 77)
        try logs.put(digest, archive: log)
        let tags = try blobs.tags()
        #expect(tags.digests(of: .layer) == all && tags.digests(of: .log) == [digest])
        #expect(try blobs.list() == all && logs.list() == [digest])
        #expect(try logs.garbage(in: tags, before: .max) { all.contains($0) } == [digest])
        let gone = try #require(all.first)
        let now = Int(Date().timeIntervalSince1970)
        #expect(try blobs.garbage(in: blobs.tags(), before: now - 3600) { $0 != gone } == [], "it is new")
        #expect(try blobs.garbage(in: blobs.tags(), before: now + 3600) { $0 != gone } == [gone])
        try blobs.remove(gone)
        try blobs.remove(gone)
        #expect(try !blobs.contains(gone))
        #expect(try blobs.list() == all.subtracting([gone]))
    }

    @Test func wrongCredentialsAreDistinguished() async throws {
        let authority = try CertificateAuthority()
        let server = try await RegistryServer(.basic, identity: authority.issue("registry"))
        var settings = HTTPSettings()
        settings.authorities = authority.certificates
        try client(server, credentials: server.credentials(), settings: settings).ping()
        #expect(kind { try client(server, settings: settings).ping() } == .authentication)
        let wrong = try server.credentials(password: "wrong")
        #expect(kind { try client(server, credentials: wrong, settings: settings).ping() } == .authentication)
        #expect(kind { try client(server, credentials: server.credentials()).ping() } == .certificate)
        server.kill()
        #expect(kind { try client(server, settings: settings, timeout: .zero).ping() } == .unreachable)
        #expect(throws: Failure.self) { try RegistryCredentials(file: directory("absent")) }
        try directory.write("[]", to: "list.json")
        #expect(throws: Failure.self) { try RegistryCredentials(file: directory("list.json")) }
    }

    /// The registry dies during an upload and is restarted; the bytes that it has are not sent again.
    @Test func interruptedUploadsAreResumed() async throws {
        let server = try await RegistryServer()
        let client = try client(server)
        let (path, digest) = try file("blob", 1_000_000)
        var offsets: [Int] = []
        var upload = RegistryUpload(client, digest, size: 1_000_000, chunk: 100_000) { offset, count in
            offsets.append(offset)
            if offset == 400_000, offsets.count == 5 {
                server.kill()
                #expect(throws: Never.self) { try server.restart() }
            }
            return .file(path, offset: offset, count: count)
        }
        try upload.run()
        #expect(offsets.first == 0 && offsets.filter { $0 == 0 }.count == 1, "it does not begin again: \(offsets)")
        #expect(offsets.count <= 13, "\(offsets)")
        #expect(try Digest(ofFile: server.file(ofBlob: digest.hex)) == digest)
    }

    @Test func downloadsAreVerified() async throws {
        let server = try await RegistryServer()
        let mirror = try await RegistryServer()
        let (path, digest) = try file("blob", 1000)
        let blobs = RegistryBlobs(try client(server))
        try blobs.put(digest, archive: path)
        let both = RegistryBlobs(try client(server), mirrors: [try client(mirror, timeout: .zero)])
        #expect(try contents(both, digest) == digest, "the mirror has it not")
        try RegistryBlobs(try client(mirror)).put(digest, archive: path)
        try Data("something else".utf8).write(to: URL(filePath: mirror.file(ofBlob: digest.hex)))
        #expect(try contents(both, digest) == digest, "the mirror's is wrong")
        mirror.kill()
        #expect(try contents(both, digest) == digest, "the mirror is down")
        try Data("something else".utf8).write(to: URL(filePath: server.file(ofBlob: digest.hex)))
        #expect(kind { _ = try contents(blobs, digest) } == .damaged)
        let other = Digest(of: "no such file")
        #expect(kind { try blobs.put(other, archive: path) } == .damaged, "a wrong digest is refused")
        #expect(throws: (any Error).self, "the limit holds") { try blobs.get(digest, to: directory("got"), limit: 3) }
    }

    @Test func aBlobOfAnotherRepositoryIsMounted() async throws {
        let server = try await RegistryServer()
        let (path, digest) = try file("blob", 1000)
        try RegistryBlobs(try client(server, "one")).put(digest, archive: path)
        var upload = RegistryUpload(try client(server, "two/three"), digest, size: 1000) { offset, count in
            Issue.record("bytes are sent")
            return .file(path, offset: offset, count: count)
        }
        try upload.run(mountingFrom: ["absent", "one"])
        let two = RegistryBlobs(try client(server, "two/three"), mirrors: [try client(server, "one")])
        try two.put(digest, archive: path)
        #expect(try contents(RegistryBlobs(try client(server, "two/three")), digest) == digest)
    }

    /// Stock tools copy artifacts pushed by ciso, and ciso reads artifacts pushed by them.
    @Test(.enabled(if: Program.areInstalled("skopeo"), "needs skopeo")) func skopeoCopiesLayers() async throws {
        let (server, other) = (try await RegistryServer(), try await RegistryServer())
        let (path, digest) = try file("blob", 70_000)
        try RegistryBlobs(try client(server)).put(digest, archive: path)
        let host = { (server: RegistryServer) in server.url.dropFirst("http://".count) }
        func skopeo(_ words: String...) throws { try Program(["skopeo", "--insecure-policy"] + words).output() }
        try skopeo(
            "copy", "--src-tls-verify=false", "docker://\(host(server))/ciso:layer-\(digest)",
            "dir:\(directory("copy"))")
        #expect(try Digest(ofFile: directory("copy/\(digest)")) == digest)
        try skopeo(
            "copy", "--dest-tls-verify=false", "dir:\(directory("copy"))",
            "docker://\(host(other))/ciso:layer-\(digest)")
        let copied = RegistryBlobs(try client(other))
        #expect(try copied.contains(digest) && contents(copied, digest) == digest)
        #expect(try copied.list() == [digest])
        try skopeo("delete", "--tls-verify=false", "docker://\(host(other))/ciso:layer-\(digest)")
        #expect(try !copied.contains(digest))
    }

    @Test func manyConnectionsPushAndPull() async throws {
        let server = try await RegistryServer()
        let blobs = RegistryBlobs(try client(server))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...24 {
                let (path, digest) = try file("blob-\(number)", 5_000 + number)
                group.addTask {
                    try await BlockingWork.run {
                        try blobs.put(digest, archive: path)
                        #expect(try blobs.get(digest, to: "\(path).got", limit: 1 << 20))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try blobs.list().count == 24)
    }

    @Test func addressesAndChallengesAreRead() {
        #expect(RegistryAddress("https://registry.example:5000/team/ciso/")?.name == "team/ciso")
        #expect(RegistryAddress("https://registry.example:5000/team/ciso")?.host == "registry.example:5000")
        #expect(RegistryAddress("http://[::1]:5000/ciso")?.server == "http://[::1]:5000")
        for wrong in [
            "registry.example/ciso", "https://registry.example", "https:///ciso", "ftp://a/b", "https://a/B",
            "https://a:99999/b", "https://user@a/b", "https://ä/b", "https://a/b?c", "https://a/b:tag", "https://a:/b",
        ] {
            #expect(RegistryAddress(wrong) == nil, "\(wrong)")
        }
        let text = #"Bearer realm="https://a/token?x=1",service="re\"gistry", scope="repository:a:pull,push", error=x"#
        let challenge = Challenge.all(in: text).first
        #expect(challenge?.scheme == "bearer" && challenge?.parameters["service"] == #"re"gistry"#)
        #expect(challenge?.parameters["scope"] == "repository:a:pull,push" && challenge?.parameters["error"] == "x")
        #expect(Challenge.all(in: "Basic").map(\.scheme) == ["basic"] && Challenge.all(in: "").isEmpty)
        let several = Challenge.all(in: #"Negotiate, Basic realm="a, b" ,charset="UTF-8", Bearer realm=c"#)
        #expect(several.map(\.scheme) == ["negotiate", "basic", "bearer"])
        #expect(several.map { $0.parameters["realm"] } == [nil, "a, b", "c"])
    }
}
