import Foundation
import OpamFormat
import TestSupport
import Testing

@testable import Fetching

/// Sources of this machine.
@Suite struct LocalSourceTests {
    @Test func aDirectoryIsHeldByAChecksum() async throws {
        let temporary = try TemporaryDirectory()
        let directory = temporary.path
        for name in ["src/lib", "src/_build", "src/.git"] {
            try FileManager.default.createDirectory(atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
        }
        try Data("one".utf8).write(to: URL(fileURLWithPath: "\(directory)/src/lib/a.ml"))
        let cache = SourceCache("\(directory)/cache")
        let source = Source(url: "file://\(directory)/src")
        let exact = try await cache.exact(source, of: "a.dev")
        #expect(exact.checksums.count == 1)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(directory)/src/_build/log"))
        #expect(try await cache.exact(source, of: "a.dev") == exact, "what opam leaves behind does not count")

        try Data("two".utf8).write(to: URL(fileURLWithPath: "\(directory)/src/lib/a.ml"))
        #expect(try await cache.exact(source, of: "a.dev") != exact)
        let kept = "\(directory)/kept"
        try FileManager.default.copyItem(atPath: try await cache.file(exact, of: "a.dev"), toPath: kept)
        try FileManager.default.removeItem(atPath: "\(directory)/cache")
        let error = await #expect(throws: SourceError.self) { try await cache.file(exact, of: "a.dev") }
        #expect(error?.kind == .moved, "the directory is another one now")
        let object =
            "\(directory)/objects/\(exact.checksums[0].hexadecimal.prefix(2))/\(exact.checksums[0].hexadecimal)"
        try FileManager.default.createDirectory(
            atPath: (object as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: kept, toPath: object)
        let withStore = SourceCache("\(directory)/cache", objects: "\(directory)/objects")
        #expect(try await withStore.file(exact, of: "a.dev") == object, "the store has what was planned")
        try Data("damaged".utf8).write(to: URL(fileURLWithPath: object))
        await #expect(throws: SourceError.self) { try await withStore.file(exact, of: "a.dev") }
        let refused = await #expect(throws: SourceError.self) { try await cache.file(source, of: "a.dev") }
        #expect(refused?.kind == .rejected, "without a checksum nothing is taken")
    }
}
