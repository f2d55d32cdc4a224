import Core
import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

/// Updated tables of results equal tables that are read from scratch.
@Suite struct ResultTablesTests {
    private static func random(_ name: Int, _ random: inout SeededGenerator) -> CellResult {
        let package = PackageVersion(name: "p\(name)", version: "1")
        var result = CellResult(
            cell: Cell(target: "t", compiler: "5", package: package), job: Digest(of: "\(name)"),
            outcome: [Outcome.success, .failure, .blocked].randomElement(using: &random) ?? .success,
            repositories: ["r"])
        result.duration = Double(Int.random(in: 0...5_000, using: &random)) / 1000
        result.reason = Bool.random(using: &random) ? "a \"reason\"\n" : nil
        return result
    }

    @Test func changesByChance() async throws {
        var random = SeededGenerator(printingSeedOf: "changesByChance")
        let directory = try TemporaryDirectory()
        let store = try Store(at: directory("store"), options: StoreOptions(durability: .process))
        let branches = [("d", "t"), ("d", "u"), ("e", "t")].map { ResultBranch(deployment: $0, target: $1) }
        var tables = ResultTables()
        for round in 0..<40 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let branch = branches[Int.random(in: 0..<3, using: &random)]
                let result = Self.random(Int.random(in: 0..<6, using: &random), &random)
                // One document of the cell, or one of a job that decides no cell.
                let path =
                    Bool.random(using: &random)
                    ? ResultPath.cell(result.cell) : ResultPath.input(result.cell, job: Digest(of: "input"))
                let isRemoved = Int.random(in: 0..<4, using: &random) == 0
                let isForeign = Bool.random(using: &random)
                try await store.transact(Branch(branch.name), "Change") { transaction in
                    if !isRemoved {
                        try branch.write(result, at: path, in: transaction)
                    } else if try transaction.value(CellResult.self, at: StorePath(path)) != nil {
                        // Another program may remove a document and leave its entry in the index.
                        if isForeign {
                            try transaction.remove(StorePath(path))
                        } else {
                            try branch.remove(at: path, in: transaction)
                        }
                    }
                }
            }
            try tables.refresh(from: store)
            var fresh = ResultTables()
            try fresh.refresh(from: store)
            let label = "round \(round) of seed \(random.seed)"
            for branch in branches {
                #expect(tables[branch]?.results == fresh[branch]?.results, "\(label)")
                // Read from all trees, without what is known about earlier commits.
                let whole = try branch.table(in: store.snapshot(Branch(branch.name)))
                #expect(whole.results == fresh[branch]?.results ?? [:], "\(label)")
                for name in 0..<6 {
                    let job = Digest(of: "\(name)")
                    let found = tables[branch]?.results(ofJob: job).map(\.cell).sorted()
                    #expect(found == fresh[branch]?.results(ofJob: job).map(\.cell).sorted(), "\(label)")
                }
            }
            #expect(Set(tables.all.map(\.branch)) == Set(fresh.all.map(\.branch)), "\(label)")
        }
    }

    /// What the store knows about the documents of a commit may be lost, damaged, or of a commit that is gone.
    @Test func knownPathsAreNotNeeded() async throws {
        let directory = try TemporaryDirectory()
        let store = try Store(at: directory("store"), options: StoreOptions(durability: .process))
        let branch = ResultBranch(deployment: "d", target: "t")
        var random = SeededGenerator()
        func record(_ names: Range<Int>) async throws {
            for name in names {
                let result = Self.random(name, &random)
                try await store.transact(Branch(branch.name), "Record") {
                    try branch.write(result, at: ResultPath.cell(result.cell), in: $0)
                }
            }
        }
        func results() throws -> [String: CellResult] {
            var tables = ResultTables()
            try tables.refresh(from: store)
            return tables[branch]?.results ?? [:]
        }
        try await record(0..<3)
        #expect(try results().count == 3)
        let indexes = try #require(store.indexDirectory)
        let names = try FileManager.default.contentsOfDirectory(atPath: indexes).filter { $0.hasSuffix(".paths") }
        let name = try #require(names.first)
        let file = "\(indexes)/\(name)"
        let old = try Data(contentsOf: URL(filePath: file))
        try await record(3..<6)
        #expect(try results().count == 6)
        let new = try Data(contentsOf: URL(filePath: file))
        #expect(old != new)
        var damaged = new
        damaged[damaged.count - 3] ^= 1
        for contents in [old, damaged, Data()] {
            try contents.write(to: URL(filePath: file))
            #expect(try results().count == 6)
        }
        let head = try #require(store.snapshot(Branch(branch.name)).commit.map { "\($0)" })
        let files = DerivedFiles(in: indexes, format: "ciso paths 1", suffix: ".paths", capacity: 9)
        let tree = String(repeating: "12", count: 20)
        let lost = try directory.shell(
            "printf 'tree \(tree)\\nauthor a <a> 1 +0000\\ncommitter a <a> 1 +0000\\n\\nlost\\n' | "
                + "git -C store hash-object -t commit -w --stdin")
        for contents in [
            "\(lost.prefix(40))\n6 1\n", "\(String(head.reversed()))\n6 1\n", "\(head)\n6 1\n", "\(head)\n6\n", "\n",
        ] {
            files.keep(Array(contents.utf8), as: name.replacing(".paths", with: ""))
            #expect(try results().count == 6, "\(contents)")
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try results().count == 6)
        #expect(FileManager.default.fileExists(atPath: file))
    }
}
