import Core
import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

/// The kinds of damage to a file.
enum FileDamage: String, CaseIterable {
    case delete, truncate, zero, flip

    func apply(to path: String, _ random: inout SeededGenerator) throws {
        let bytes = try Data(contentsOf: URL(filePath: path))
        chmod(path, 0o644)
        switch self {
        case .delete: try FileManager.default.removeItem(atPath: path)
        case .truncate: try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
        case .zero: try Data(repeating: 0, count: bytes.count).write(to: URL(filePath: path))
        case .flip:
            var bytes = bytes
            // Only the written part of the journal: the rest is blank.
            let end = path.hasSuffix("/journal") ? min(bytes.count, 20_000) : bytes.count
            guard end > 0 else { return }
            bytes[Int.random(in: 0..<end, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
            try bytes.write(to: URL(filePath: path))
        }
    }
}

/// Every file of a small real store, damaged in every way.
@Suite struct DamageTests {
    /// All contents of a store.
    private struct Contents: Equatable {
        var documents: [String: [String: [UInt8]]] = [:]
        var logs: [Digest: [UInt8]] = [:]
        var layers: [Digest: [UInt8]] = [:]
    }

    private static let branches = ["quickstart", "results/quickstart/debian-12", "results/quickstart/other"]

    /// A plan and some verdicts with logs and layers.
    private func fill(_ path: String) throws -> (logs: [Digest], layers: [Digest]) {
        let store = try Store(opening: path)
        var (logs, layers): ([Digest], [Digest]) = ([], [])
        for (number, target) in ["debian-12", "debian-12", "other", "debian-12"].enumerated() {
            let results = ResultBranch(deployment: "quickstart", target: target)
            let cell = try #require(Cell("\(target)/5.\(number).0/pkg\(number).1.0"))
            var result = CellResult(cell: cell, job: nil, outcome: .success, repositories: [])
            result.log = try store.logs.put(Array("log \(number)\n".utf8))
            result.layer = try store.objects.put(Array("layer \(number)\n".utf8))
            logs.append(result.log!)
            layers.append(result.layer!)
            try store.transact(Branch(results.name), result.message) {
                try results.write(result, at: ResultPath.cell(cell), in: $0)
            }
        }
        return (logs, layers)
    }

    private func contents(_ path: String, _ digests: (logs: [Digest], layers: [Digest])) throws -> Contents {
        let store = try Store(opening: path)
        var contents = Contents()
        for branch in Self.branches {
            var documents: [String: [UInt8]] = [:]
            try store.snapshot(Branch(branch)).forEachDocument { documents[$0.description] = $1 }
            contents.documents[branch] = documents
        }
        for log in digests.logs { contents.logs[log] = try store.logs.read(log) }
        for layer in digests.layers { contents.layers[layer] = try store.objects.bytes(of: layer) }
        return contents
    }

    /// The objects that stock git can read, of all original ones. One by one only if it cannot read all.
    private func readable(_ ids: [String], _ path: String) throws -> Set<String> {
        let script = #"""
            list=$(cat); look() { git --git-dir="$1" cat-file "$2" 2>&1; }
            if checked=$(echo "$list" | look "$1" --batch-check) && ! echo "$checked" | grep -q ' missing$' \
                && echo "$list" | look "$1" --batch >/dev/null
            then echo "$list"
            else for id in $list; do git --git-dir="$1" cat-file -p $id >/dev/null 2>&1 && echo $id; done; true
            fi
            """#
        let program = Program(["sh", "-c", script, "sh", path], input: ids.joined(separator: "\n") + "\n")
        return Set(try program.output().split(separator: "\n").map(String.init))
    }

    private func copy(_ source: String, to target: String) throws {
        try Program(["cp", "-a", "--sparse=always", source, target]).output()
    }

    /// The forms of a store: a new one, whose journal contains everything; one whose objects and references were packed
    /// by stock git; and one with a file for each object.
    @Test(arguments: ["young", "packed", "loose"]) func everyDamageIsFoundOrHarmlessAndRepairKeepsTheRest(kind: String)
        throws
    {
        var random = SeededGenerator(printingSeedOf: "DamageTests \(kind)")
        let fixture = try PlannedStore()
        let digests = try fill(fixture.path)
        try age(fixture, kind)
        let directory = try TemporaryDirectory()
        let whole = try contents(fixture.path, digests)
        #expect(try Store.verify(at: fixture.path, rebuilding: .documents).findings == [])
        let objects = try git("rev-list", "--all", "--objects", at: fixture.path).split(separator: "\n")
            .map { String($0.prefix(40)) }
        for (file, damage) in cases(files(of: fixture), &random) {
            let name = "\(kind): \(damage.rawValue) \(file) (seed \(random.seed))"
            let path = directory("store")
            try? FileManager.default.removeItem(atPath: path)
            try copy(fixture.path, to: path)
            try damage.apply(to: "\(path)/\(file)", &random)
            try check(path, whole, digests, objects, name)
        }
    }

    /// Converts a new store to the form `kind`.
    private func age(_ fixture: PlannedStore, _ kind: String) throws {
        guard kind != "young" else { return }
        let store = try Store(opening: fixture.path)
        try store.checkpoint()
        if kind == "packed" {
            try store.logs.pack()
            try store.repack(grace: 0)
            try git("pack-refs", "--all", at: fixture.path)
            // Files that stock git writes to be faster.
            try git("commit-graph", "write", "--reachable", at: fixture.path)
            try git("multi-pack-index", "write", at: fixture.path)
            try git("update-server-info", at: fixture.path)
        } else {
            for pack in fixture.files(below: "objects/pack") where pack.hasSuffix(".pack") {
                try fixture.unpack("objects/pack/\(pack)")
            }
        }
    }

    private func files(of fixture: PlannedStore) -> [String] {
        fixture.files(below: "").filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(fixture.path)/\($0)", isDirectory: &isDirectory)
                && !isDirectory.boolValue && !$0.hasPrefix("hooks/")
        }.sorted()
    }

    /// The damaged files and the kinds of damage: for each sort of file two kinds, each to a file selected by the seed.
    /// Everything with `CISO_TEST_FULL`.
    private func cases(_ files: [String], _ random: inout SeededGenerator) -> [(file: String, damage: FileDamage)] {
        var cases: [(file: String, damage: FileDamage)] = []
        let isFull = ProcessInfo.processInfo.environment["CISO_TEST_FULL"] != nil
        for (_, files) in Dictionary(grouping: files, by: sort).sorted(by: { $0.key < $1.key }) {
            if isFull {
                cases += files.flatMap { file in FileDamage.allCases.map { (file, $0) } }
            } else {
                cases += FileDamage.allCases.shuffled(using: &random).prefix(2).compactMap { damage in
                    files.randomElement(using: &random).map { ($0, damage) }
                }
            }
        }
        return cases
    }

    /// The path of a file without what differs between files of the same sort.
    private func sort(of file: String) -> String {
        let parts = file.split(separator: "/").map(String.init)
        switch parts[0] {
        case "refs": return "refs"
        case "objects" where parts.count == 3 && parts[1].count == 2: return "objects/loose"
        case "objects" where parts[1] == "pack" && parts[2].hasPrefix("pack-"):
            return "objects/pack/*.\(parts[2].split(separator: ".").last ?? "")"
        case "ciso" where parts.count > 2:
            return parts.dropLast().prefix(3).joined(separator: "/") + (file.hasSuffix(".index") ? "/*.index" : "/*")
        default: return file
        }
    }

    private func check(
        _ path: String, _ whole: Contents, _ digests: (logs: [Digest], layers: [Digest]), _ objects: [String],
        _ name: String
    ) throws {
        let found: StoreVerification
        do {
            found = try Store.verify(at: path, rebuilding: .documents)
        } catch let error as StoreError where name.contains("flip ciso/schema") {
            // A further digit makes the version of a newer program, whose stores are rejected.
            #expect(error.description.contains("has version"), "\(name)")
            return
        }
        if found.findings.isEmpty {
            #expect(try contents(path, digests) == whole, "\(name) is harmless")
            #expect(gitSucceeds("--git-dir=\(path)", "fsck", "--full", at: "/"), "\(name)")
            return
        }
        #expect(found.findings.allSatisfy { !$0.isDone }, "\(name)")
        let before = try readable(objects, path)
        let repaired = try Store.verify(at: path, repair: true, rebuilding: .documents)
        #expect(try before.subtracting(readable(objects, path)) == [], "\(name): what stock git could read is there")
        let now = try contents(path, digests)
        if repaired.isSound { #expect(now.documents == whole.documents, "\(name): \(repaired.findings)") }
        let words = repaired.findings.map { "\($0.message) \($0.repair ?? "")" }.joined(separator: "\n")
        for (branch, documents) in whole.documents {
            for (path, bytes) in documents where now.documents[branch]?[path] != bytes {
                let isNamed =
                    words.contains("branch '\(branch)'")
                    && (now.documents[branch]?.isEmpty == true || words.contains("'\(path)'")
                        || words.contains("last known commit") || branch == "quickstart"
                        || words.contains(path.split(separator: "/")[0]))
                #expect(isNamed, "\(name): '\(path)' of \(branch) is lost: \(words)")
            }
        }
        for (digest, bytes) in whole.logs where now.logs[digest] != bytes {
            #expect(words.contains("log"), "\(name): a log is lost: \(words)")
        }
        for (digest, bytes) in whole.layers where now.layers[digest] != bytes {
            #expect(words.contains(digest.hex), "\(name): a layer is lost: \(words)")
        }
        // The store works for what remains.
        let store = try Store(opening: path)
        for branch in Self.branches {
            try store.transact(Branch(branch), "after") { try $0.write(1, to: "after.json") }
        }
        let again = try Store.verify(at: path, rebuilding: .documents)
        #expect(again.findings.isEmpty == repaired.remaining.isEmpty, "\(name): \(again.findings)")
    }

    /// Any one pack may be lost: the command reports which documents were rebuilt and which were not, and a new plan
    /// repairs the rest.
    @Test func aLostPackIsRepairedByCommands() throws {
        let fixture = try PlannedStore()
        let digests = try fill(fixture.path)
        let whole = try contents(fixture.path, digests)
        try Store(opening: fixture.path).checkpoint()
        let packs = fixture.files(below: "objects/pack").filter { $0.hasSuffix(".pack") }.sorted()
        #expect(packs.count == 5)
        let directory = try TemporaryDirectory()
        try copy(fixture.path, to: directory("whole"))
        for pack in packs {
            try FileManager.default.removeItem(atPath: fixture.path)
            try copy(directory("whole"), to: fixture.path)
            for end in ["pack", "idx"] {
                try FileManager.default.removeItem(atPath: "\(fixture.path)/objects/pack/\(pack.dropLast(4))\(end)")
            }
            let found = try fixture.store("verify")
            #expect(found.status == 3 && !found.output.contains("done:"), "\(found.output)")
            let would = try fixture.store("verify", "--repair", "--dry-run")
            #expect(would.status == 3 && !would.output.contains("done:") && would.messages == "", "\(would.output)")
            let repaired = try fixture.store("verify", "--repair")
            #expect(repaired.status == 3 || repaired.output.contains("0 remain"), "\(repaired.output)")
            #expect(!repaired.output.contains("done: fetch"), "advice is not printed as done")
            if repaired.output.contains("5.") && repaired.output.contains("is lost") {
                #expect(repaired.output.contains("result"), "\(repaired.output)")
            }
            try fixture.plan()
            let now = try contents(fixture.path, digests)
            #expect(now.documents["quickstart"] == whole.documents["quickstart"], "the plan is made again")
        }
    }
}
