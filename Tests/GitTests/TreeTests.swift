import Git
import TestSupport
import Testing

struct TreeTests {
    /// Names around the places where git's order of directories and files differs.
    private let names = ["a", "a-", "a.", "a0", "a/".replacing("/", with: "_"), "b", "ab"]

    @Test func everyPairOfEntriesIsInGitsOrder() throws {
        try withRepository { repository in
            let blob = try repository.write(.blob, [])
            let tree = try repository.write(Tree.empty)
            for left in names {
                for right in names where left != right {
                    for kinds in [(EntryKind.file, EntryKind.directory), (.directory, .file), (.file, .file)] {
                        let entries = [
                            TreeEntry(name: left, kind: kinds.0, id: kinds.0 == .file ? blob : tree),
                            TreeEntry(name: right, kind: kinds.1, id: kinds.1 == .file ? blob : tree),
                        ]
                        let id = try repository.write(Tree(entries))
                        let lines = entries.map {
                            "\($0.kind == .file ? "100644 blob" : "040000 tree") \($0.id)\t\($0.name)\n"
                        }
                        #expect(try git("mktree", at: repository.path, input: lines.joined()) == id.hex, "\(entries)")
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func applyingChangesIsLikeChangingADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var expected: [String: TreeEntry] = [:]
        var tree = Tree.empty
        for _ in 0..<50 {
            var changes: [String: TreeEntry?] = [:]
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let name = names.randomElement(using: &random)!
                let id = ObjectID(bytes: (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) })!
                let entry = TreeEntry(name: name, kind: Bool.random(using: &random) ? .file : .directory, id: id)
                changes.updateValue(Bool.random(using: &random) ? entry : nil, forKey: name)
            }
            tree = tree.applying(Array(changes))
            for (name, entry) in changes { expected[name] = entry }
            #expect(Dictionary(uniqueKeysWithValues: tree.entries.map { ($0.name, $0) }) == expected, "seed \(seed)")
            #expect(tree == Tree(expected.values), "seed \(seed)")
            for name in names { #expect(tree.entry(named: name) == expected[name], "seed \(seed)") }
        }
    }

    @Test func damageIsSeen() {
        let whole = Tree([TreeEntry(name: "name", kind: .file, id: .emptyTree)])
        #expect(whole.isWellFormed)
        for length in 1..<whole.bytes.count {
            #expect(!Tree(bytes: Array(whole.bytes[..<length])).isWellFormed, "\(length) bytes")
        }
    }
}
