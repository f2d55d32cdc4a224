import Core
import Foundation
import Git
import OpamFormat
import TestSupport
import Testing

@testable import Fetching

/// A disk of this machine that cannot be written is neither the network's fault nor the package's.
@Suite struct LocalDiskTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func source(_ text: String, _ url: String) throws -> Source {
        try directory.write(text, to: "text")
        return Source(url: url, checksums: [try #require(Checksum(ofFile: directory("text"), .sha256))])
    }

    /// A file exists at the path of a directory of the cache, so that no user can write, not even root.
    @Test(arguments: ["sha256", "git"]) func aCacheThatCannotBeWrittenIsNamed(part: String) async throws {
        let origin = try OriginRepository()
        let commit = try origin.commit(["a": (.file, "a")])
        let cache = directory("cache")
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        try Data().write(to: URL(filePath: "\(cache)/\(part)"))
        let sources = SourceCache(cache) { url, file, _ in try Data("text".utf8).write(to: URL(filePath: file)) }
        let wanted =
            part == "git"
            ? Source(url: "git+file://\(origin.path)#\(commit)") : try source("text", "https://one.example/a.tgz")
        let error = await #expect(throws: (any Error).self) { try await sources.file(wanted, of: "a.1") }
        let failure = Failure(describing: try #require(error))
        #expect(failure.category == .unavailable, "\(failure)")
        #expect(failure.description.contains("\(cache)/\(part)"), "\(failure)")
        #expect((error as? SourceError)?.kind != .network && (error as? SourceError)?.kind != .rejected, "\(failure)")
    }

    /// Only a file that is known not to exist is missing, which is a verdict on its package.
    @Test(arguments: ["file://", "git+file://"]) func aPathThatCannotBeReadIsNotAMissingFile(scheme: String)
        async throws
    {
        try FileManager.default.createSymbolicLink(atPath: directory("loop"), withDestinationPath: "loop")
        let url = "\(scheme)\(directory("loop"))/a"
        let sources = SourceCache(directory("cache"))
        let error = await #expect(throws: (any Error).self) {
            let source = try source("text", url)
            _ = try await sources.file(
                scheme == "file://" ? source : sources.exact(Source(url: url), of: "a.1"), of: "a.1")
        }
        let failure = Failure(describing: try #require(error))
        #expect(failure.category == .unavailable, "\(failure)")
        #expect(failure.description.contains("Too many levels"), "\(failure)")
    }

    /// The machine that planned had the file; this one gets it from storage shared by both.
    @Test(arguments: [true, false]) func aFileOfAnotherMachineIsNotMissing(isReachable: Bool) async throws {
        let shared: SourceCache.SharedSource = { _, _ in
            guard isReachable else { throw Failure(.unavailable, "the registry is down") }
            return false
        }
        let sources = SourceCache(directory("cache"), shared: shared)
        let error = await #expect(throws: SourceError.self) {
            try await sources.file(source("text", "file://\(directory("absent"))"), of: "a.1")
        }
        #expect(error?.category == .unavailable, "\(error as Any)")
    }

    /// `/dev/full` accepts no byte.
    @Test func writeErrorsAreNotNetworkFailures() async throws {
        let server = try LocalServer(text: String(repeating: "x", count: 100_000))
        let error = await #expect(throws: SourceError.self) {
            try await SourceDownloader().download(server.url, to: "/dev/full", limit: 1 << 20)
        }
        #expect(error?.kind == .system, "\(error as Any)")
    }
}
