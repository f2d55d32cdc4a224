import Git
import TestSupport
import Testing

struct TreeTests {
    /// Names whose order differs between git's directories and files.
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

    /// Searches of a large directory start at its marks, which move with its changes.
    @Test(arguments: 0..<12 as Range<UInt64>) func aMarkedDirectoryIsLikeAnother(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Many names begin with another one, and sort after or before it as documents or directories.
        let names = (0..<900).flatMap { number in ["n\(number)", "n\(number)-", "n\(number)."].prefix(1 + number % 3) }
        func entry(_ name: String) -> TreeEntry {
            let id = ObjectID(bytes: (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) })!
            return TreeEntry(name: name, kind: Bool.random(using: &random) ? .file : .directory, id: id)
        }
        var expected: [String: TreeEntry] = [:]
        // Some seeds begin with a full directory, some build it, in order or not.
        if seed % 3 == 0 { for name in names { expected[name] = entry(name) } }
        var tree = Tree(expected.values).marked
        func change(_ name: String, to entry: TreeEntry?) {
            tree = tree.applying([(name, entry)])
            expected[name] = entry
        }
        for name in seed % 3 == 1 ? names.sorted() : names.shuffled(using: &random) { change(name, to: entry(name)) }
        for _ in 0..<300 {
            let name = names.randomElement(using: &random)!
            change(name, to: Int.random(in: 0...2, using: &random) == 0 ? nil : entry(name))
        }
        #expect(tree == Tree(expected.values), "seed \(seed)")
        for name in names + ["", "n", "n0/", "zz"] {
            #expect(tree.entry(named: name) == expected[name], "seed \(seed)")
        }
        for name in names.sorted().reversed() { change(name, to: nil) }
        #expect(tree.isEmpty, "seed \(seed)")
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func differencesAreThoseOfDictionaries(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Long enough for pieces that are compared at once to be equal, and for their edges to be met.
        let names = (0..<Int.random(in: 1...200, using: &random)).map { "name-\($0 * $0)" } + self.names
        func entry(_ name: String) -> TreeEntry {
            let id = ObjectID(bytes: (0..<20).map { _ in UInt8.random(in: 0...1, using: &random) })!
            return TreeEntry(name: name, kind: Int.random(in: 0...3, using: &random) == 0 ? .directory : .file, id: id)
        }
        let old = Dictionary(uniqueKeysWithValues: names.map { ($0, entry($0)) })
        for _ in 0..<20 {
            var new = old
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let name = names.randomElement(using: &random)!
                new[name] = Bool.random(using: &random) ? entry(name) : nil
            }
            for (one, other) in [(old, new), (new, old), ([:], new), (new, [:])] {
                let found = Tree(one.values).differences(to: Tree(other.values))
                let expected = Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }
                #expect(
                    Set(found.flatMap { [$0.old?.name, $0.new?.name].compactMap(\.self) }) == expected, "seed \(seed)")
                let gone = found.compactMap(\.old)
                let come = found.compactMap(\.new)
                #expect(
                    Set(gone) == Set(expected.compactMap { one[$0] }) && gone.count <= expected.count, "seed \(seed)")
                #expect(
                    Set(come) == Set(expected.compactMap { other[$0] }) && come.count <= expected.count, "seed \(seed)")
                #expect(
                    found.allSatisfy {
                        $0.old != $0.new && ($0.old == nil || $0.new == nil || $0.old?.name == $0.new?.name)
                    })
            }
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
