import Fetching
import Foundation
import OpamFormat
import TestSupport
import Testing

@testable import Worker

/// Sources that the opam client receives as archives.
@Suite struct ClientArchiveTests {
    private let origin: TemporaryDirectory
    private let scratch: TemporaryDirectory
    private let url: String

    init() throws {
        (origin, scratch) = (try TemporaryDirectory(), try TemporaryDirectory())
        try origin.shell(
            """
            git init -q -b main .; mkdir -p lib/only out; echo one > lib/only/a.ml; ln -s "$1" lib/outside
            git add -A; git -c user.name=a -c user.email=a@example.org commit -q -m one
            """, scratch.path)
        url = "git+file://\(origin.path)#" + (try git("rev-parse", "HEAD", at: origin.path))
    }

    private func archive(_ subpath: String?, in directory: String) async throws -> ClientArchive {
        let source = Source(url: url, subpath: subpath)
        let file = try await SourceCache(scratch("cache")).file(source, of: "a.1")
        #expect(ClientArchive.isNeeded(for: source))
        try FileManager.default.createDirectory(atPath: scratch(directory), withIntermediateDirectories: true)
        return try ClientArchive(of: file, source, in: scratch(directory), package: "a.1")
    }

    @Test(arguments: [
        (nil, ["source/", "source/lib/", "source/lib/only/", "source/lib/only/a.ml", "source/lib/outside"]),
        ("lib", ["source/", "source/only/", "source/only/a.ml", "source/outside"]),
        ("lib/only", ["source/", "source/a.ml"]), (".", ["source/", "source/lib/"]),
    ])
    func holdsTheCommitOrItsDirectory(subpath: String?, members: [String]) async throws {
        let archive = try await archive(subpath, in: "one")
        let listed = try Program(["tar", "-tzf", archive.file]).output().split(separator: "\n").map(String.init)
        #expect(listed.starts(with: members), "\(listed)")
        #expect(try Program(["sha256sum", archive.file]).output().hasPrefix(archive.checksum.hexadecimal))
        #expect(try await self.archive(subpath, in: "two").checksum == archive.checksum, "equal sources, equal bytes")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("one")) == ["source.tar.gz"])
    }

    @Test(arguments: ["none", "lib/only/a.ml/x", "lib/outside", "lib/outside/precious", "../../cache"])
    func aDirectoryThatIsNotInItIsRefused(subpath: String) async throws {
        try scratch.write("kept", to: "precious/file")
        let error = await #expect(throws: SourceError.self) { try await archive(subpath, in: "one") }
        #expect(error?.kind == .missing)
        #expect(error?.description.hasSuffix("there is no directory '\(subpath)' in it") == true)
        #expect(scratch.read("precious/file") == "kept")
    }
}
