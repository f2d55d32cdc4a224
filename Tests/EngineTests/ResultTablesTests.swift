import Core
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
        var random = SeededGenerator()
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
                try await store.transact(Branch(branch.name), "Change") { transaction in
                    if !isRemoved {
                        try branch.write(result, at: path, in: transaction)
                    } else if try transaction.value(CellResult.self, at: StorePath(path)) != nil {
                        try branch.remove(at: path, in: transaction)
                    }
                }
            }
            try tables.refresh(from: store)
            var fresh = ResultTables()
            try fresh.refresh(from: store)
            let label = "round \(round) of seed \(random.seed)"
            for branch in branches {
                #expect(tables[branch]?.results == fresh[branch]?.results, "\(label)")
                for name in 0..<6 {
                    let job = Digest(of: "\(name)")
                    let found = tables[branch]?.results(ofJob: job).map(\.cell).sorted()
                    #expect(found == fresh[branch]?.results(ofJob: job).map(\.cell).sorted(), "\(label)")
                }
            }
            #expect(Set(tables.all.map(\.branch)) == Set(fresh.all.map(\.branch)), "\(label)")
        }
    }
}
