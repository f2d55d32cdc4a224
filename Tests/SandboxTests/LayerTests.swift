import Archive
import Core
import Foundation
import Glibc
import Layers
import Sandbox
import SandboxTestSupport
import Supervision
import System
import Testing

@Suite(.enabled(if: SandboxFixture.isSandboxPossible, "needs bubblewrap and user namespaces"))
struct LayerTests {
    let fixture: SandboxFixture
    let store: LayerStore

    init() throws {
        fixture = try SandboxFixture()
        store = LayerStore(fixture.path + "/layers")
    }

    private func build(_ script: String, over layers: [Layer] = [], paths: [String] = ["home"]) async throws -> Layer {
        var directories: [String] = []
        for layer in layers { directories.append(try await store.unpacked(layer.digest)) }
        let sandbox = try fixture.sandbox(directories)
        let (result, output) = await sandbox.sh(script)
        #expect(result.succeeded, "\(result) \(output)")
        return try store.capture(sandbox, paths: paths)
    }

    @Test func layersContainAdditionsChangesAndRemovals() async throws {
        let first = try await build("mkdir d e; echo 1 > d/a; echo 2 > d/b; echo 3 > e/c; ln d/a d/hard")
        let second = try await build("echo changed > d/a; rm d/b; rm -r e; mkdir e; echo new > e/n", over: [first])
        let third = try fixture.sandbox(
            [try await store.unpacked(first.digest), try await store.unpacked(second.digest)])
        #expect(await third.sh("cat d/a; ls d e; cat d/hard").output == "changed\nd:\na\nhard\n\ne:\nn\n1\n")
    }

    @Test func equalChangesGiveEqualLayers() async throws {
        let script = "for i in 3 1 2; do mkdir -p x/$i; echo $i > x/$i/f; done; chmod 700 x/2; ln -s /usr/bin/env x/l"
        let first = try await build(script)
        let second = try await build("\(script); touch -h -d 2001-02-03 x x/* x/*/f x/l")
        #expect(first == second)
        let files = try FileManager.default.contentsOfDirectory(atPath: store.directory + "/objects/incoming")
        #expect(files.isEmpty)
    }

    @Test func onlyFilesBelowThePathsAreKept() async throws {
        let layer = try await build(
            "echo 1 > ours; mkdir -p .cache; echo 2 > .cache/f; echo 3 > /tmp/t", paths: ["home/build/ours"])
        let directory = try await store.unpacked(layer.digest)
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: directory).sorted() == [
                "home", "home/build", "home/build/ours",
            ])
    }

    @Test func setUserIDIsDroppedAndSpecialFilesAreLeftOut() async throws {
        let layer = try await build("cp /usr/bin/id id; chmod 6755 id; mkfifo pipe")
        #expect(layer.skipped == ["home/build/pipe"])
        var status = stat()
        #expect(lstat(try await store.unpacked(layer.digest) + "/home/build/id", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o755)
        let owner = IdentityMapping.ofThisProcess.stored(Owner(user: 1000, group: 1000)).user
        #expect(status.st_uid == (IdentityMapping.ofThisProcess.hasSeveralUsers ? owner : getuid()))
        #expect(getpwuid(status.st_uid) == nil || getuid() != 0, "no login has the number of a build")
    }

    @Test func manyLayersAreStacked() async throws {
        var layers: [String] = []
        for number in 0..<300 {
            let directory = "\(fixture.path)/a-directory-with-a-name-that-is-not-short-at-all/\(number)"
            try FileManager.default.createDirectory(
                atPath: directory + "/home/build", withIntermediateDirectories: true)
            try "\(number)".write(toFile: "\(directory)/home/build/f\(number)", atomically: false, encoding: .utf8)
            try "\(number)".write(toFile: "\(directory)/home/build/top", atomically: false, encoding: .utf8)
            layers.append(directory)
        }
        let (result, output) = try await fixture.sandbox(layers).sh("ls | wc -l; cat top")
        #expect(result.succeeded, "\(result)")
        #expect(output == "301\n299")
    }

    /// Many tasks need one layer: one builds it, the others find it.
    @Test func oneOfManyBuildsALayer() async throws {
        let store = store
        let marker = fixture.path + "/built"
        let builds = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let lock = try await store.lock(building: "job")
                    defer { withExtendedLifetime(lock) {} }
                    if access(marker, F_OK) == 0 { return 0 }
                    try await Task.sleep(for: .milliseconds(30))
                    try "x".write(toFile: marker, atomically: true, encoding: .utf8)
                    return 1
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(builds == 1)
    }

    private func inode(of path: String) throws -> UInt64 {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return UInt64(status.st_ino)
    }

    @Test func aDamagedLayerIsRefusedAndLeavesNothing() async throws {
        let layer = try await build("head -c 100000 /dev/urandom > f")
        truncate(store.object(layer.digest), 5000)
        await #expect(throws: Failure.self) { try await store.unpacked(layer.digest) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/incoming").isEmpty)
        #expect(throws: Failure.self) { try store.add(store.object(layer.digest), expected: layer.digest) }
    }

    @Test func afterANewBootLayersAreUnpackedAgain() async throws {
        let layer = try await build("echo whole > f")
        let file = try await store.unpacked(layer.digest) + "/home/build/f"
        store.removeLeftovers()
        try "".write(toFile: store.directory + "/boot", atomically: false, encoding: .utf8)
        _ = try await store.unpacked(layer.digest)
        truncate(file, 0)
        store.removeLeftovers()
        _ = try await store.unpacked(layer.digest)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "whole\n")
        let inode = try inode(of: file)
        store.removeLeftovers()
        _ = try await store.unpacked(layer.digest)
        #expect(try self.inode(of: file) == inode, "in the same boot it is not touched")
    }

    @Test func remainsOfDeadProcessesAreRemovedAndFilesInUseKept() throws {
        let parent = fixture.path + "/scratch"
        let mine = try Files.scratchDirectory(in: parent)
        let name = try #require(mine.path.split(separator: "/").last)
        let start = name.split(separator: ".")[1]
        for dead in ["1.\(start).7", "999999999.5.1"] {
            try FileManager.default.createDirectory(
                atPath: "\(parent)/\(dead)/upper", withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(atPath: "\(parent)/somebody's", withIntermediateDirectories: true)
        #expect(ScratchDirectory.removeLeftovers(in: parent) == ["1.\(start).7", "999999999.5.1"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: parent).sorted()
                == [String(name), "somebody's"].sorted())
    }
}
