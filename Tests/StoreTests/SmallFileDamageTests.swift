import Foundation
import Store
import TestSupport
import Testing

/// The small files that all others depend on, with one bit flipped.
@Suite struct SmallFileDamageTests {
    /// The contents as read by stock git and by the store.
    private struct Reading: Equatable {
        var references: String
        var branches: [String: [UInt8]]
    }

    private static let fileNames = ["HEAD", "refs/heads/main", "config", "packed-refs"]

    /// Two branches and a tag; packed by stock git if `packed-refs` is damaged.
    private func fill(_ path: String, isPacked: Bool) throws {
        let store = try Store(at: path)
        for name in ["main", "results/opam/debian-12"] {
            try store.transact(Branch(name), "first") { try $0.write(name, to: "document.json") }
            try store.transact(Branch(name), "second") { try $0.write(name + name, to: "document.json") }
        }
        try store.checkpoint()
        try git("tag", "--annotate", "--message=tag", "v1", "main", at: path)
        if isPacked { try git("pack-refs", "--all", at: path) }
    }

    private func reading(_ path: String) throws -> Reading {
        // The name of a tag is recorded nowhere else.
        let script = #"exec 2>&1; git symbolic-ref HEAD && git for-each-ref refs/heads && git fsck --no-dangling"#
        let variables = ProcessInfo.processInfo.environment.merging(["GIT_DIR": path, "LC_ALL": "C"]) { $1 }
        let references = try Program(["sh", "-c", script], environment: variables).output()
        let store = try Store(opening: path)
        var branches: [String: [UInt8]] = [:]
        for branch in try store.branches() {
            branches[branch.name] = try store.snapshot(branch).bytes(at: "document.json")
        }
        return Reading(references: references, branches: branches)
    }

    /// The upper bit of a letter makes a name that is not text: the line is damaged, and the branch is restored from
    /// other records.
    @Test func aNameThatIsNotTextIsADamagedLine() throws {
        try withDirectory { directory in
            let path = directory + "/store"
            try fill(path, isPacked: true)
            let whole = try reading(path)
            var bytes = try Data(contentsOf: URL(filePath: "\(path)/packed-refs"))
            let name = try #require(bytes.range(of: Data("refs/heads/results/".utf8)))
            bytes[name.upperBound - 4] ^= 0x80
            try bytes.write(to: URL(filePath: "\(path)/packed-refs"))
            #expect(try !Store.verify(at: path).isSound)
            let repaired = try Store.verify(at: path, repair: true)
            #expect(repaired.isSound, "\(repaired.findings)")
            #expect(try reading(path).branches == whole.branches)
        }
    }

    /// Another letter makes another branch, at a position where no search finds it: the file is sorted, and the branch
    /// is restored.
    @Test func aNameInTheWrongPositionIsSorted() throws {
        try withDirectory { directory in
            let path = directory + "/store"
            try fill(path, isPacked: true)
            let whole = try reading(path)
            var bytes = try Data(contentsOf: URL(filePath: "\(path)/packed-refs"))
            let name = try #require(bytes.range(of: Data("refs/heads/main".utf8)))
            bytes[name.upperBound - 4] = UInt8(ascii: "}")
            try bytes.write(to: URL(filePath: "\(path)/packed-refs"))
            #expect(try !Store.verify(at: path).isSound)
            let repaired = try Store.verify(at: path, repair: true)
            #expect(repaired.isSound, "\(repaired.findings)")
            #expect(try reading(path).branches == whole.branches.merging(["}ain": whole.branches["main"] ?? []]) { $1 })
        }
    }

    /// The bits of the last byte, and some that the seed picks; all with `CISO_TEST_FULL`.
    @Test(arguments: fileNames) func aFlippedBitIsFoundOrHarmless(fileName: String) throws {
        var random = SeededGenerator(printingSeedOf: "SmallFileDamageTests \(fileName)")
        try withDirectory { directory in
            let path = directory + "/store"
            try fill(path, isPacked: fileName == "packed-refs")
            let file = URL(filePath: "\(path)/\(fileName)")
            var whole = try reading(path)
            var bytes = try Data(contentsOf: file)
            let isFull = ProcessInfo.processInfo.environment["CISO_TEST_FULL"] != nil
            // The last byte was a line end before the damage.
            let bits = Array(((bytes.count - 1) * 8)..<bytes.count * 8)
            let others = Array(0..<(bytes.count - 1) * 8).shuffled(using: &random)
            for (number, bit) in (bits + others.prefix(isFull ? others.count : 80)).enumerated() {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                try flipped.write(to: file)
                let name = "bit \(bit % 8) of byte \(bit / 8) of '\(fileName)' (seed \(random.seed))"
                if try Store.verify(at: path).findings.isEmpty {
                    let now = Result { try reading(path) }
                    #expect((try? now.get()) == whole, "\(name): \(now)")
                } else if number % 20 == 0 {
                    let repaired = try Store.verify(at: path, repair: true)
                    #expect(repaired.isSound, "\(name): \(repaired.findings)")
                    #expect(try reading(path).branches.merging(whole.branches) { $1 }.count >= 2, "\(name)")
                    try FileManager.default.removeItem(atPath: path)
                    try fill(path, isPacked: fileName == "packed-refs")
                    (whole, bytes) = (try reading(path), try Data(contentsOf: file))
                }
            }
        }
    }
}
