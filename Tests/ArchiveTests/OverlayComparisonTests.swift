import Archive
import Foundation
import TestSupport
import Testing

/// Compares the changes in an overlay's upper directory with the kernel's view of it.
@Suite(.enabled(if: geteuid() == 0, "needs root to mount overlays"))
struct OverlayComparisonTests {
    /// A file or a link, without its time.
    private struct Leaf: Hashable {
        var mode: mode_t
        var contents: Data
    }

    /// Random changes on top of random layers, which also hide and remove files.
    @Test func exactlyTheFilesThatDifferAreReported() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        for round in 0..<6 {
            let directory = try TemporaryDirectory()
            try directory.shell("mkdir empty before after")
            let layers = (0..<3).map { "layer\($0)" }
            var lowers = ["empty"]
            for layer in layers {
                try change(directory, lowers: lowers, upper: layer, count: 25, &random)
                lowers.insert(layer, at: 0)
            }
            try change(directory, lowers: lowers, upper: "upper", count: 15, &random, keepingViews: true)
            let before = try leaves(directory("before"))
            let after = try leaves(directory("after"))
            let expected = Set(before.keys.filter { before[$0] != after[$0] })
            let found = OverlayComparison(upper: directory("upper"), lowers: lowers.map { directory($0) }).differences()
            #expect(Set(found.map(\.path.description)) == expected, "round \(round)")
            #expect(found.count == expected.count, "round \(round)")
            for difference in found {
                let owner = directory("\(lowers[difference.lower])/\(difference.path)")
                #expect(try leaf(owner) == before[difference.path.description], "\(difference)")
            }
        }
    }

    /// Runs random commands in an overlay mounted for them.
    private func change(
        _ directory: TemporaryDirectory, lowers: [String], upper: String, count: Int, _ random: inout SeededGenerator,
        keepingViews: Bool = false
    ) throws {
        let names = ["a", "b", "a/c", "a/c/d", "b/e", "f", "a/g", "b/e/h", "a/c/i"]
        let commands = (0..<count).map { _ in
            let (name, other) = (names.randomElement(using: &random) ?? "a", names.randomElement(using: &random) ?? "b")
            return [
                "mkdir -p \(name)", "echo \(Int.random(in: 0...2, using: &random)) > \(name)", "rm -rf \(name)",
                "ln -sfn \(other) \(name)", "mv -T \(name) \(other)",
                "chmod \(Int.random(in: 4...6, using: &random))00 \(name)",
                "cp -p \(name) x && rm -f \(name) && mv x \(name)", "touch \(name)", "rm -rf \(name); mkdir \(name)",
                "mkdir -p \(name); echo 1 > \(name)/z",
            ].randomElement(using: &random) ?? "true"
        }
        let script = """
            mkdir -p work \(upper) merged
            mount -t overlay overlay -o lowerdir=\(lowers.joined(separator: ":")),upperdir=\(upper),workdir=work merged
            \(keepingViews ? "cp -a merged/. before" : "")
            cd merged
            ( \(commands.map { "{ \($0); } 2>/dev/null || :" }.joined(separator: "\n")) )
            chmod -R u+rwX .
            cd ..
            \(keepingViews ? "cp -a merged/. after" : "")
            umount merged
            """
        try Program(["unshare", "--mount", "/bin/sh", "-ec", script], in: directory.path).output()
    }

    private func leaves(_ directory: String) throws -> [String: Leaf] {
        var found: [String: Leaf] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: directory) ?? .init() {
            found[path] = try leaf("\(directory)/\(path)")
        }
        return found
    }

    /// Nil for a directory.
    private func leaf(_ path: String) throws -> Leaf? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Leaf(mode: status.st_mode, contents: try Data(contentsOf: URL(filePath: path)))
        case S_IFLNK:
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: path)
            return Leaf(mode: S_IFLNK, contents: Data(target.utf8))
        default: return nil
        }
    }
}
