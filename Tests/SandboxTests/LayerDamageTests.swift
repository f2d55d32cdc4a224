import Core
import Foundation
import Glibc
import Layers
import Sandbox
import SandboxTestSupport
import Supervision
import TestSupport
import Testing

/// Layers to which something happened: a damaged archive is never used, and a damaged directory is unpacked again.
@Suite(.enabled(if: SandboxFixture.isSandboxPossible, "needs bubblewrap and user namespaces"))
struct LayerDamageTests {
    let fixture: SandboxFixture
    let store: LayerStore

    init() throws {
        fixture = try SandboxFixture()
        store = LayerStore(fixture.path + "/layers")
    }

    private static let script = "mkdir d; echo one > d/a; echo two > b; chmod 640 b; ln -s b l; ln b hard; mkdir e"

    private func layer() async throws -> Layer {
        let sandbox = try fixture.sandbox()
        let (result, output) = await sandbox.sh(Self.script)
        #expect(result.succeeded, "\(output)")
        return try store.capture(sandbox, paths: ["home"])
    }

    /// The contents of a layer, by path: kind and mode, owner, contents.
    private func description(of root: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
            var status = stat()
            try #require(lstat("\(root)/\(path)", &status) == 0)
            let text =
                status.st_mode & S_IFMT == S_IFREG ? try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) : ""
            found[path] = "\(status.st_mode) \(status.st_uid) \(status.st_gid) \(text)"
        }
        return found
    }

    /// Faults of a file. Each returns its description, or nil if it does not apply to this file.
    private static let faults: [@Sendable (String) -> String?] = [
        { truncate($0, 0) == 0 ? "truncated" : nil },
        { path in
            guard var bytes = FileManager.default.contents(atPath: path), !bytes.isEmpty else { return nil }
            var before = stat()
            lstat(path, &before)
            bytes[bytes.count / 2] ^= 1
            guard let file = FileHandle(forWritingAtPath: path) else { return nil }
            try? file.write(contentsOf: bytes)
            try? file.close()
            // Even if the modification time is restored.
            var times = [before.st_atim, before.st_mtim]
            utimensat(AT_FDCWD, path, &times, AT_SYMLINK_NOFOLLOW)
            return "a byte changed"
        },
        { removeItem($0) ? "removed" : nil },
        { geteuid() == 0 && lchown($0, 0, 0) == 0 ? "owned by root" : nil },
        { path in
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFLNK else { return nil }
            return chmod(path, status.st_mode & 0o7777 ^ 0o022) == 0 ? "other mode" : nil
        },
        { path in
            removeItem(path) && symlink("/etc/passwd", path) == 0 ? "replaced by a link" : nil
        },
    ]

    private static func removeItem(_ path: String) -> Bool {
        (try? FileManager.default.removeItem(atPath: path)) != nil
    }

    /// After any damage to any file of an unpacked layer, the next user gets the original layer.
    @Test func everyDamageToAnUnpackedLayerIsRepaired() async throws {
        let layer = try await layer()
        let root = try await store.unpacked(layer.digest)
        let whole = try description(of: root)
        for path in whole.keys.sorted() {
            for fault in Self.faults {
                guard let what = fault("\(root)/\(path)") else { continue }
                #expect(store.state(ofUnpacked: layer.digest) == nil, "\(path) \(what)")
                _ = try await store.unpacked(layer.digest)
                #expect(try description(of: root) == whole, "\(path) \(what)")
            }
        }
        try "more".write(toFile: "\(root)/home/more", atomically: false, encoding: .utf8)
        _ = try await store.unpacked(layer.digest)
        #expect(try description(of: root) == whole, "a file too many")
    }

    /// An archive that does not match its name counts as absent, and no failure about it blames a package.
    @Test func everyDamageToAnArchiveMakesTheLayerMissing() async throws {
        for fault in Self.faults.dropLast() {
            let layer = try await layer()
            let object = store.object(layer.digest)
            #expect(store.contains(layer.digest))
            _ = try await store.unpacked(layer.digest)
            guard let what = fault(object), what != "owned by root", what != "other mode" else { continue }
            try FileManager.default.removeItem(atPath: "\(store.directory)/\(layer.digest)")
            let isByteChange = what == "a byte changed"
            // A change that hides is found at the latest when the archive is read.
            if !isByteChange { #expect(!store.contains(layer.digest), "\(what)") }
            let failure = await #expect(throws: Failure.self) { try await store.unpacked(layer.digest) }
            #expect(failure?.category == .unavailable, "\(what)")
            #expect(!store.contains(layer.digest), "\(what)")
            #expect(access(object, F_OK) != 0, "\(what)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/incoming").isEmpty)
        }
    }

    /// A directory in the place of an archive, or of the record of an unpacked layer, does not prevent the layer from
    /// being made again.
    @Test func aDirectoryInTheWayIsReplaced() async throws {
        let layer = try await layer()
        let root = try await store.unpacked(layer.digest)
        let whole = try description(of: root)
        for file in [store.object(layer.digest), "\(store.directory)/states/\(layer.digest)"] {
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createDirectory(atPath: "\(file)/more", withIntermediateDirectories: true)
            #expect(try await self.layer() == layer)
            #expect(store.contains(layer.digest))
            #expect(try description(of: try await store.unpacked(layer.digest)) == whole)
        }
        try FileManager.default.removeItem(atPath: root)
        try "x".write(toFile: root, atomically: false, encoding: .utf8)
        #expect(try description(of: try await store.unpacked(layer.digest)) == whole)
    }

    /// `cp -r` changes the owner and the times of all files.
    @Test func aCopyOfAStoreIsUsed() async throws {
        let layer = try await layer()
        let whole = try description(of: try await store.unpacked(layer.digest))
        let copy = LayerStore(fixture.path + "/copy")
        try Program(["cp", "-r", store.directory, copy.directory]).output()
        #expect(copy.contains(layer.digest))
        #expect(try description(of: try await copy.unpacked(layer.digest)) == whole)
    }

    /// A faithful copy has other inodes and change times, and is sound; only what differs from the archive is damaged.
    @Test func aFaithfulCopyIsNotDamaged() async throws {
        let layer = try await layer()
        let whole = try description(of: try await store.unpacked(layer.digest))
        let elsewhere = LayerStore(store.directory, archives: fixture.path + "/none")
        let copy = LayerStore(fixture.path + "/copy")
        try Program(["cp", "-a", store.directory, copy.directory]).output()
        let root = "\(copy.directory)/\(layer.digest)"
        #expect(copy.state(ofUnpacked: layer.digest) == nil, "the copy is not distinguished")

        let withoutArchive = LayerStore(copy.directory, archives: fixture.path + "/none")
        #expect(try withoutArchive.verify(repair: true).damage.isEmpty, "nothing to compare it with")
        #expect(copy.state(ofUnpacked: layer.digest) == nil)
        #expect(try withoutArchive.verify(with: [copy], repair: true).damage.isEmpty)
        #expect(copy.state(ofUnpacked: layer.digest) != nil, "compared, and not noted")
        #expect(try description(of: root) == whole)

        let file = try #require(whole.keys.first { $0.hasSuffix("/b") })
        #expect(chmod("\(root)/\(file)", 0o600) == 0)
        #expect(try copy.verify(repair: false).damage.count == 1)
        #expect(try withoutArchive.verify(with: [copy], repair: true).damage.count == 1)
        #expect(access(root, F_OK) != 0, "a damaged layer is left")
        #expect(try description(of: try await copy.unpacked(layer.digest)) == whole)
        #expect(try elsewhere.verify(repair: false).damage.isEmpty, "the original is touched")
    }
}
