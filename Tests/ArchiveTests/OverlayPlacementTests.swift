import Archive
import Foundation
import TestSupport
import Testing

/// Compares files placed into an overlay from outside with the results of programs that run in it.
@Suite(.enabled(if: geteuid() == 0, "needs root to mount overlays"))
struct OverlayPlacementTests {
    private static let names = ["a", "b", "a/c", "a/c/d", "b/e", "f", "a/g", "b/e/h", "a/c/i", "n/o/p"]
    private static let owner = Owner(user: 1000, group: 1000)

    /// Random changes on top of random layers, some of them by the owner of the placed files.
    @Test func placementsEqualTheResultOfPrograms() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        var (placed, refused) = (0, 0)
        for round in 0..<30 {
            let directory = try TemporaryDirectory()
            try directory.shell("mkdir -p empty && chown 1000:1000 empty")
            var lowers = ["empty"]
            for layer in ["layer0", "layer1"] {
                try change(directory, lowers, upper: layer, count: 6, &random)
                lowers.insert(layer, at: 0)
            }
            try change(directory, lowers, upper: "upper", count: 4, &random)
            let entries = self.entries(&random)
            try directory.shell("cp -a upper expected; cp -a upper untouched")
            let succeeds = try run(entries, directory, lowers)
            let placement = OverlayPlacement(
                upper: directory("upper"), lowers: lowers.map { directory($0) }, owner: Self.owner, setsOwner: true)
            if try placement.place(Dictionary(uniqueKeysWithValues: entries.map { (FilePath($0), $1) })) {
                placed += 1
                #expect(succeeds, "round \(round): \(entries)")
                let (seen, expected) = try (view(directory, lowers, "upper"), view(directory, lowers, "expected"))
                #expect(seen == expected, "round \(round): \(entries)")
            } else {
                refused += 1
                #expect(try directory.shell(Self.listing("upper")) == directory.shell(Self.listing("untouched")))
            }
        }
        #expect(placed > 0 && refused > 0)
    }

    @Test func linksAreNotFollowed() throws {
        let directory = try TemporaryDirectory()
        try directory.shell("mkdir lower upper outside; chown 1000:1000 lower upper outside; ln -s ../outside upper/a")
        let placement = OverlayPlacement(
            upper: directory("upper"), lowers: [directory("lower")], owner: Self.owner, setsOwner: true)
        #expect(try !placement.place(["a/b": .file([1])]))
        #expect(try !placement.place(["a": .file([1])]))
        #expect(try !placement.place(["x/../a/b": .directory]))
        #expect(try directory.shell("ls outside; ls upper") == "a\n")
    }

    /// A file where another entry needs a directory.
    @Test func entriesThatContradictEachOtherAreRefused() throws {
        let directory = try TemporaryDirectory()
        try directory.shell("mkdir lower upper; chown 1000:1000 lower upper")
        let placement = OverlayPlacement(
            upper: directory("upper"), lowers: [directory("lower")], owner: Self.owner, setsOwner: true)
        #expect(try !placement.place(["a": .file([1]), "a/b": .file([2])]))
        #expect(try !placement.place(["a": .file([1]), "/a": .directory]))
        #expect(try directory.shell("ls upper").isEmpty)
        #expect(try placement.place(["/a/b": .file([2], mode: 0o755), "a": .directory]))
        #expect(try directory.shell("stat -c '%A %u %s' upper/a/b") == "-rwxr-xr-x 1000 1\n")
    }

    private func entries(_ random: inout SeededGenerator) -> [(String, OverlayPlacement.Entry)] {
        let names = Self.names.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random))
        return names.sorted().map { name in
            Bool.random(using: &random) ? (name, .directory) : (name, .file(Array(name.utf8)))
        }
    }

    /// Does the same by programs in the overlay, as the owner.
    private func run(
        _ entries: [(String, OverlayPlacement.Entry)], _ directory: TemporaryDirectory, _ lowers: [String]
    ) throws -> Bool {
        let commands = entries.map { name, entry in
            let parent = name.split(separator: "/").dropLast().joined(separator: "/")
            let make = parent.isEmpty ? "" : "mkdir -p \(parent) && "
            return make + (entry == .directory ? "mkdir -p \(name)" : "printf %s \(name) > \(name)")
        }.joined(separator: " && ")
        let script = "umask 022; cd merged && \(commands)"
        let output = try mounted(
            directory, lowers, "expected",
            "if setpriv --reuid 1000 --regid 1000 --clear-groups sh -c '\(script)' 2>&1; then echo yes; fi")
        return output.hasSuffix("yes\n")
    }

    private func view(_ directory: TemporaryDirectory, _ lowers: [String], _ upper: String) throws -> String {
        try mounted(directory, lowers, upper, "cd merged; \(Self.listing("."))")
    }

    private static func listing(_ directory: String) -> String {
        "(cd \(directory) && find . -printf '%p %y %m %U %G %l\\n' | sort && "
            + "find . -type f | sort | xargs -r -d '\\n' sha256sum)"
    }

    private func mounted(
        _ directory: TemporaryDirectory, _ lowers: [String], _ upper: String, _ script: String
    ) throws -> String {
        try directory.shell(
            """
            rm -rf work; mkdir -p work \(upper) merged
            chmod 755 .; chown 1000:1000 \(upper)
            unshare --mount sh -c '
                mount -t overlay overlay -o lowerdir=\(lowers.joined(separator: ":")),upperdir=\(upper),workdir=work merged
                \(script.replacing("'", with: "'\\''"))
            '
            """)
    }

    private func change(
        _ directory: TemporaryDirectory, _ lowers: [String], upper: String, count: Int, _ random: inout SeededGenerator
    ) throws {
        let commands = (0..<count).map { _ in
            let name = Self.names.randomElement(using: &random) ?? "a"
            let other = Self.names.randomElement(using: &random) ?? "b"
            return [
                "mkdir -p \(name)", "mkdir -p \(name); chown -R 1000:1000 .", "echo 1 > \(name)", "rm -rf \(name)",
                "ln -sfn \(other) \(name)", "rm -rf \(name); mkdir \(name)", "chmod 2755 \(name)", "chmod 555 \(name)",
                "mkdir -p \(name); chown -R 1000:1000 .",
            ].randomElement(using: &random) ?? "true"
        }
        _ = try mounted(directory, lowers, upper, "cd merged; (\(commands.joined(separator: "\n"))) 2>/dev/null; true")
    }
}
