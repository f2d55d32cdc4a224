import Core
import Foundation
import OpamFormat
import OpamSwitch
import Synchronization
import TestSupport
import Testing

@testable import Fetching

@Suite struct SourceCacheTests {
    private let temporary: TemporaryDirectory
    private var directory: String { temporary.path }

    init() throws { temporary = try TemporaryDirectory() }

    private func source(_ text: String, url: String = "https://one.example/a.tgz") throws -> Source {
        let checksums = try Checksum.Kind.allCases.map { kind in
            try #require(Checksum("\(kind.rawValue)=\(kind.digest(of: Array(text.utf8)))"))
        }
        return Source(url: url, checksums: checksums, mirrors: ["https://two.example/a.tgz"])
    }

    /// Serves texts by address, and counts the requests.
    private final class Server: Sendable {
        private let texts: [String: String]
        let asked = Mutex<[String]>([])

        init(_ texts: [String: String]) { self.texts = texts }

        func download(_ url: String, to file: String, limit: Int) async throws {
            asked.withLock { $0.append(url) }
            try await Task.sleep(for: .milliseconds(20))
            guard let text = texts[url] else { throw SourceError(.missing, "\(url): 404") }
            if text == "down" { throw SourceError(.network, "\(url): no route") }
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        }
    }

    private func cache(_ server: Server, others: [String] = [], mirrors: [String] = []) -> SourceCache {
        SourceCache(directory, others: others, mirrors: mirrors) { try await server.download($0, to: $1, limit: $2) }
    }

    private func contents(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    @Test func manyThatAskForOneFileFetchItOnce() async throws {
        let server = Server(["https://one.example/a.tgz": "good"])
        let (cache, source) = (cache(server), try source("good"))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await cache.file(source, of: "a.1") } }
            for try await path in group { #expect(contents(path) == "good") }
        }
        #expect(server.asked.withLock { $0 } == ["https://one.example/a.tgz"])
        for checksum in source.checksums {
            let name = checksum.hexadecimal
            #expect(contents("\(directory)/\(checksum.kind.rawValue)/\(name.prefix(2))/\(name)") == "good")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/incoming") == [])
    }

    @Test func aWrongFileIsThePackagesFault() async throws {
        let server = Server(["https://one.example/a.tgz": "bad", "https://two.example/a.tgz": "down"])
        let error = await #expect(throws: SourceError.self) {
            try await cache(server).file(try source("good"), of: "a.1")
        }
        #expect(error?.kind == .rejected)
        #expect(error?.description.contains("checksum mismatch for https://one.example/a.tgz") == true)
    }

    @Test func theNextAddressIsTried() async throws {
        let server = Server(["https://one.example/a.tgz": "bad", "https://two.example/a.tgz": "good"])
        let path = try await cache(server).file(try source("good"), of: "a.1")
        #expect(contents(path) == "good")
    }

    @Test(arguments: [(["https://two.example/a.tgz": "down"], SourceError.Kind.network), ([:], .missing)])
    func aNetworkThatIsDownIsNotAMissingFile(texts: [String: String], kind: SourceError.Kind) async throws {
        let error = await #expect(throws: SourceError.self) {
            try await cache(Server(texts)).file(try source("good"), of: "a.1")
        }
        #expect(error?.kind == kind)
    }

    @Test func aDamagedCacheIsNoticedAndRepaired() async throws {
        let source = try source("good")
        let checksum = source.checksums[0]
        let path = "\(directory)/\(checksum.kind.rawValue)/\(checksum.hexadecimal.prefix(2))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("bad".utf8).write(to: URL(fileURLWithPath: "\(path)/\(checksum.hexadecimal)"))
        // The contents of the cache are not evidence about the package: only the answers of the servers count.
        let down = Server(["https://one.example/a.tgz": "down"])
        let error = await #expect(throws: SourceError.self) { try await cache(down).file(source, of: "a.1") }
        #expect(error?.kind == .network)
        let wrongMirror = Server(["https://mirror.example/\(checksum.path)": "bad"])
        let other = await #expect(throws: SourceError.self) {
            try await cache(wrongMirror, mirrors: ["https://mirror.example"]).file(source, of: "a.1")
        }
        #expect(other?.kind == .network)
        let sameStart = await #expect(throws: SourceError.self) {
            try await cache(Server(["https://one.example/a.tgz": "bad"]), mirrors: ["https://one.example/a"])
                .file(source, of: "a.1")
        }
        #expect(sameStart?.kind == .rejected, "an address of the package that only begins like a mirror's")
        let repaired = try await cache(Server(["https://one.example/a.tgz": "good"])).file(source, of: "a.1")
        #expect(contents(repaired) == "good")
    }

    @Test func mirrorsAreAskedFirstByChecksum() async throws {
        let source = try source("good")
        let name = source.checksums[0].hexadecimal
        let server = Server(["https://mirror.example/cache/md5/\(name.prefix(2))/\(name)": "good"])
        let cache = cache(server, mirrors: ["https://mirror.example/cache"])
        #expect(contents(try await cache.file(source, of: "a.1")) == "good")
        #expect(server.asked.withLock { $0.count } == 1)
    }

    @Test func withoutAChecksumNothingIsTaken() async {
        let error = await #expect(throws: SourceError.self) {
            try await cache(Server([:])).file(Source(url: "https://one.example/a.tgz"), of: "a.1")
        }
        #expect(error?.kind == .rejected)
    }
}
