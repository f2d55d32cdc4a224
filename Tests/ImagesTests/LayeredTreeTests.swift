import Archive
import Core
import Foundation
import Glibc
import TestSupport
import Testing

/// The results of layers on top of each other, including malicious ones.
@Suite(.enabled(if: ImageLayout.isPossible, "needs python3, zstd and dpkg"))
struct LayeredTreeTests {
    private let directory: TemporaryDirectory
    private let root: String
    /// A directory next to the root, in which no file may ever appear.
    private let outside: String

    init() throws {
        directory = try TemporaryDirectory()
        root = directory("top/root")
        outside = directory("outside")
        try directory.shell("mkdir -p top/root outside")
        try directory.write("untouched", to: "outside/file")
    }

    private func unpack(_ layers: [ImageLayout.Layer], limits: TreeLimits = TreeLimits()) throws {
        let layout = ImageLayout(directory("layout"))
        let digest = try layout.add([ImageLayout.Image(layers)], tag: "x")
        var tree = LayeredTree(in: root, ownership: .extractor, limits: limits)
        for layer in try layout.layers(of: digest) { try tree.add(layout.blob(layer)) }
    }

    private func unpack(_ layers: [ImageLayout.Member]...) throws { try unpack(layers.map { ImageLayout.Layer($0) }) }

    private func code(_ body: () throws -> Void) -> ArchiveError.Code? {
        (#expect(throws: (any Error).self, performing: body) as? ArchiveError)?.code
    }

    /// All names below the root, sorted; those of directories end with a slash.
    private var names: [String] {
        get throws {
            try directory.shell("cd top/root; find . -mindepth 1 \\( -type d -printf '%P/\\n' -o -printf '%P\\n' \\)")
                .split(separator: "\n").map(String.init).sorted()
        }
    }

    private func text(_ name: String) -> String? { directory.read("top/root/\(name)") }

    private func expectNothingOutside() throws {
        #expect(try directory.shell("find outside top -maxdepth 1 | sort") == "outside\noutside/file\ntop\ntop/root\n")
        #expect(directory.read("outside/file") == "untouched")
    }

    @Test(arguments: ["gzip", "zstd", "none"]) func laterLayersWin(compression: String) throws {
        try unpack([
            ImageLayout.Layer(
                [.directory("a"), .file("a/x", "1"), .file("a/y", "1"), .link("l", to: "a"), .file("f", "1")],
                compression: compression),
            ImageLayout.Layer(
                [.file("a/x", "2"), .file("./b/c/d", "2"), .directory("f"), .file("f/g", "2"), .file("l", "2")],
                compression: compression),
            ImageLayout.Layer([.file("b", "3")], compression: compression),
        ])
        #expect(try names == ["a/", "a/x", "a/y", "b", "f/", "f/g", "l"])
        #expect(text("a/x") == "2" && text("a/y") == "1" && text("l") == "2" && text("b") == "3")
    }

    @Test func whiteoutsRemoveWhatIsBelow() throws {
        try unpack(
            [.file("a/x", "1"), .file("a/y", "1"), .file("b/c/d", "1"), .file("kept", "1"), .link("l", to: "a")],
            [.file("a/.wh.x"), .file(".wh.b"), .file(".wh.l"), .file(".wh.absent"), .file(".wh..wh.plnk")])
        #expect(try names == ["a/", "a/y", "kept"])
    }

    /// The specification requires whiteouts first, but allows any order.
    @Test(arguments: [true, false]) func marksSpareWhatTheirLayerAdds(marksFirst: Bool) throws {
        let marks: [ImageLayout.Member] = [.file("a/.wh..wh..opq"), .file(".wh.b"), .file("d/.wh.old")]
        let added: [ImageLayout.Member] = [
            .directory("a"), .file("a/new", "2"), .file("a/deep/new", "2"), .file("b", "2"), .file("d/old", "2"),
        ]
        try unpack(
            [
                .file("a/old", "1"), .file("a/deep/old", "1"), .file("a/gone/old", "1"), .file("b", "1"),
                .file("d/old", "1"),
            ],
            marksFirst ? marks + added : added + marks)
        #expect(try names == ["a/", "a/deep/", "a/deep/new", "a/new", "b", "d/", "d/old"])
        #expect(text("b") == "2" && text("d/old") == "2")
    }

    @Test func anOpaqueRootHidesAllBelow() throws {
        try unpack([.file("a/b", "1"), .file("c", "1")], [.file(".wh..wh..opq"), .file("d", "2")])
        #expect(try names == ["d"])
    }

    @Test func hardLinksLeadToLowerLayersToo() throws {
        try unpack(
            [.file("a", "1"), .hardLink("b", to: "a"), .hardLink("./b", to: "b"), .file("x", "old")],
            [.hardLink("c", to: "/a"), .file("a", "2"), .hardLink("x", to: "b")])
        #expect(text("a") == "2" && text("b") == "1" && text("c") == "1" && text("x") == "1")
        #expect(try directory.shell("stat -c %h top/root/c") == "3\n")
    }

    /// As `usr/bin` and `/bin` are merged by a link, and later layers name either.
    @Test func linksOfLowerLayersAreFollowedInside() throws {
        try unpack(
            [
                .file("usr/bin/sh", "1"), .link("bin", to: "usr/bin"), .link("abs", to: "/usr/bin"),
                .link("up", to: "../../usr"),
            ],
            [
                .file("bin/ls", "2"), .file("abs/cp", "2"), .file("up/lib/x", "2"), .file("bin/.wh.sh"),
                .directory("usr/bin"),
            ])
        #expect(
            try names == ["abs", "bin", "up", "usr/", "usr/bin/", "usr/bin/cp", "usr/bin/ls", "usr/lib/", "usr/lib/x"])
        try expectNothingOutside()
    }

    @Test func nothingIsWrittenOutside() throws {
        let attacks: [[ImageLayout.Member]] = [
            [.file("../outside/file", "evil")], [.file("a/../../outside/file", "evil")],
            [.hardLink("x", to: "../outside/file"), .file("x", "evil")],
            [.file("a/.wh..", "")], [.file("a/.wh..."), .file("a/.wh.")],
            [.link("loop", to: "loop"), .file("loop/x", "evil")],
            [.file("a", "1"), .file("a/b", "evil")],
            [.link("gone", to: "/nowhere"), .file("gone/x", "evil")],
        ]
        for attack in attacks {
            #expect(code { try unpack(attack) } == .unsafePath || (try? directory.shell("test ! -e top/root/x")) == nil)
            try expectNothingOutside()
        }
        let inside: [[ImageLayout.Member]] = [
            [.link("evil", to: outside), .directory(String(outside.dropFirst())), .file("evil/file", "evil")],
            [.link("evil2", to: "../../outside"), .directory("outside"), .file("evil2/file", "evil")],
            [.file(outside + "/file", "evil")],
            [.link("proc", to: "/proc/self/root"), .directory("proc"), .file("proc/x", "evil")],
            [
                .link("l1", to: "l2"), .link("l2", to: outside), .directory(String(outside.dropFirst())),
                .file("l1/.wh.file"),
            ],
        ]
        for attack in inside {
            try unpack(attack)
            try expectNothingOutside()
        }
    }

    @Test func devicesAreLeftOut() throws {
        try unpack([.special("dev/null", "device"), .special("pipe", "fifo"), .file("dev/x", "1")])
        #expect(try names == ["dev/", "dev/x"])
    }

    @Test func limitsHoldForAllLayersTogether() throws {
        let half = ImageLayout.Layer([.zeros("a", 600_000), .file("b/c/d")])
        let other = ImageLayout.Layer([.zeros("e", 600_000), .file("f")])
        #expect(code { try unpack([half, other], limits: TreeLimits(bytes: 1_000_000)) } == .tooManyBytes)
        #expect(code { try unpack([half, other], limits: TreeLimits(entries: 3)) } == .tooManyEntries)
        #expect(code { try unpack([half, other], limits: TreeLimits(depth: 2)) } == .tooDeep)
        try unpack([half, other], limits: TreeLimits(bytes: 1_200_000, entries: 4, depth: 3))
    }

    /// The digest of the tar file counts, whatever its compression, including the bytes after the last member.
    @Test(arguments: ["gzip", "zstd", "none"]) func otherContentsThanListedAreRefused(compression: String) throws {
        let layout = ImageLayout(directory("layout"))
        let digest = try layout.add(
            [ImageLayout.Image([ImageLayout.Layer([.file("a", "1")], compression: compression)])], tag: "x")
        let layer = layout.blob(try layout.layers(of: digest)[0])
        let program = ["gzip": "gzip -dc", "zstd": "zstd -dcq", "none": "cat"][compression] ?? ""
        let hex = try directory.shell("\(program) <\(layer) | sha256sum").prefix(64)
        let right = try #require(Digest(hex: hex))
        var tree = LayeredTree(in: root, ownership: .extractor, limits: TreeLimits())
        try tree.add(layer, contents: right)
        let error = #expect(throws: ArchiveError.self) { try tree.add(layer, contents: Digest(of: "other")) }
        #expect(error?.code == .damaged && error?.description.contains("\(right)") == true)
        // Zeros without end after the last member.
        try directory.shell("{ \(program) <\(layer); head -c 30000000 /dev/zero; } | gzip >long")
        #expect(code { try tree.add(directory("long"), contents: right) } == .damaged)
        var small = LayeredTree(in: root, ownership: .extractor, limits: TreeLimits(bytes: 1000, entries: 100))
        #expect(code { try small.add(directory("long")) } == .tooManyBytes)
    }

    @Test func aLayerThatEndsEarlyIsDamaged() throws {
        let layout = ImageLayout(directory("layout"))
        let digest = try layout.add(
            [ImageLayout.Image([ImageLayout.Layer((0..<400).map { .file("f\($0)", "\($0)") })])], tag: "x")
        let layer = layout.blob(try layout.layers(of: digest)[0])
        let size = try Data(contentsOf: URL(filePath: layer)).count
        for part in [0, 5, size / 2, size - 9] {
            try directory.shell("head -c \(part) \(layer) >part")
            var tree = LayeredTree(in: root, ownership: .extractor, limits: TreeLimits())
            #expect(code { try tree.add(directory("part"), contents: Digest(of: "")) } == .damaged, "\(part) bytes")
        }
    }

    /// Those of users and capabilities, and none that an overlay would read.
    @Test(.enabled(if: getuid() == 0, "needs root")) func extendedAttributesAreKept() throws {
        // cap_net_raw, permitted and effective, as `setcap` writes it.
        let capability = "\u{01}\0\0\u{02}\0\u{20}" + String(repeating: "\0", count: 14)
        let attributes = [
            "security.capability": capability, "user.note": "é", "user.overlay.opaque": "y", "trusted.x": "1",
            "security.other": "1",
        ]
        let layout = ImageLayout(directory("layout"))
        let digest = try layout.add(
            [
                ImageLayout.Image([
                    ImageLayout.Layer([
                        ImageLayout.Member.file("ping", "1", mode: 0o755, uid: 7).with(attributes),
                        ImageLayout.Member.directory("d").with(attributes),
                        ImageLayout.Member.link("l", to: "ping").with(attributes),
                    ])
                ])
            ], tag: "x")
        var tree = LayeredTree(in: root, ownership: .shifted(100_000), limits: TreeLimits())
        try tree.add(layout.blob(try layout.layers(of: digest)[0]))
        let script = """
            import os
            for name in ('ping', 'd', 'l'):
                path = 'top/root/' + name
                for found in sorted(os.listxattr(path, follow_symlinks=False)):
                    print(name, found, os.getxattr(path, found, follow_symlinks=False).hex())
            """
        let hex = Array(capability.utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(
            try Program(["python3", "-c", script], in: directory.path).output()
                == "ping security.capability \(hex)\nping user.note c3a9\nd user.note c3a9\n")
    }

    @Test func damageIsNoticed() throws {
        try directory.write("no archive", to: "layer")
        var tree = LayeredTree(in: root, ownership: .extractor, limits: TreeLimits())
        #expect(code { try tree.add(directory("layer")) } == .damaged)
    }

    @Test(.enabled(if: getuid() == 0, "needs root")) func ownersAndModesAreKept() throws {
        let layout = ImageLayout(directory("layout"))
        let digest = try layout.add(
            [
                ImageLayout.Image([
                    ImageLayout.Layer([
                        .file("a", "1", mode: 0o640, uid: 1000), .directory("t", mode: 0o1777),
                        .file("far", uid: 200_000), .file("su", mode: 0o4755), .file("wall", mode: 0o2755, uid: 5),
                    ])
                ])
            ], tag: "x")
        var tree = LayeredTree(in: root, ownership: .shifted(100_000), limits: TreeLimits())
        try tree.add(layout.blob(try layout.layers(of: digest)[0]))
        #expect(
            try directory.shell("cd top/root; stat -c '%n %u %g %a' a far t su wall")
                == "a 101000 101000 640\nfar 165534 165534 644\nt 0 0 1777\nsu 0 0 4755\nwall 100005 100005 2755\n")
    }
}
