import Foundation
import OpamFormat
import TestSupport
import Testing

@testable import Fetching

/// Sources of this machine.
@Suite struct LocalSourceTests {
    @Test func aFolderIsHeldByAChecksum() async throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path
        for name in ["src/lib", "src/_build", "src/.git"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try Data("one".utf8).write(to: URL(fileURLWithPath: "\(folder)/src/lib/a.ml"))
        let cache = SourceCache("\(folder)/cache")
        let source = Source(url: "file://\(folder)/src")
        let exact = try await cache.exact(source, of: "a.dev")
        #expect(exact.checksums.count == 1)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/src/_build/log"))
        #expect(try await cache.exact(source, of: "a.dev") == exact, "what opam leaves behind does not count")

        try Data("two".utf8).write(to: URL(fileURLWithPath: "\(folder)/src/lib/a.ml"))
        #expect(try await cache.exact(source, of: "a.dev") != exact)
        let kept = "\(folder)/kept"
        try FileManager.default.copyItem(atPath: try await cache.file(exact, of: "a.dev"), toPath: kept)
        try FileManager.default.removeItem(atPath: "\(folder)/cache")
        let error = await #expect(throws: SourceError.self) { try await cache.file(exact, of: "a.dev") }
        #expect(error?.kind == .moved, "the folder is another one now")
        let object = "\(folder)/objects/\(exact.checksums[0].hexadecimal.prefix(2))/\(exact.checksums[0].hexadecimal)"
        try FileManager.default.createDirectory(
            atPath: (object as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: kept, toPath: object)
        let withStore = SourceCache("\(folder)/cache", objects: "\(folder)/objects")
        #expect(try await withStore.file(exact, of: "a.dev") == object, "the store has what was planned")
        try Data("damaged".utf8).write(to: URL(fileURLWithPath: object))
        await #expect(throws: SourceError.self) { try await withStore.file(exact, of: "a.dev") }
        let refused = await #expect(throws: SourceError.self) { try await cache.file(source, of: "a.dev") }
        #expect(refused?.kind == .rejected, "without a checksum nothing is taken")
    }
}
