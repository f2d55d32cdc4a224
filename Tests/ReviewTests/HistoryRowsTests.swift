import Core
import Git
import Model
import TestSupport
import Testing

@testable import Review

/// The rows of an index's history: kept in pieces, written in other pieces, released and read again.
@Suite struct HistoryRowsTests {
    private static let commit = Digest(of: "commit").hex.prefix(40)

    private func row(_ number: Int) throws -> HistoryRow {
        HistoryRow(commit: try #require(ObjectID(hex: Self.commit)), cell: UInt32(number), time: UInt32(number * 7))
    }

    /// A batch is a list, whatever its length compared with that of its pieces.
    @Test(arguments: [0, 1, 2, 16_383, 16_384, 16_385, 32_768, 40_001])
    func aBatchIsAList(count: Int) throws {
        var batch = RowBatch()
        for number in 0..<count { batch.append(try row(number)) }
        #expect(batch.count == count && (0..<count).allSatisfy { batch[$0].cell == UInt32($0) })
        batch.reverse()
        #expect(batch.count == count && (0..<count).allSatisfy { batch[$0].cell == UInt32(count - 1 - $0) })
        guard count > 0 else { return }
        batch[count - 1].run = 9
        #expect(batch[count - 1].run == 9 && (0..<count - 1).allSatisfy { batch[$0].run == 0 })
        batch.append(try row(count))
        #expect(batch.count == count + 1 && batch[count].cell == UInt32(count))
    }

    /// Rows that are added one batch after the other have consecutive numbers, in memory and in a file.
    @Test(arguments: [[0], [1], [4_095, 1, 1], [4_096, 4_097], [16_384, 1], [20_000, 0, 20_000]])
    func rowsAreWrittenUnderTheirNumbers(batches: [Int]) throws {
        var history = HistoryRows()
        for count in batches {
            var batch = RowBatch()
            for number in history.count..<history.count + count { batch.append(try row(number)) }
            history.add(batch)
        }
        let total = batches.reduce(0, +)
        #expect(history.count == total && history.baseCount == 0)
        var bytes: [UInt8] = []
        try history.forEachPiece { bytes += $0 }
        #expect(bytes.count == total * MemoryLayout<HistoryRow>.stride)
        bytes.withUnsafeBytes { bytes in
            for (number, row) in bytes.bindMemory(to: HistoryRow.self).enumerated() {
                #expect(row.isSound(as: UInt32(number)) && row.cell == UInt32(number), "\(number)")
                #expect(!row.isSound(as: UInt32(number + 1)), "\(number)")
            }
        }
        #expect(throws: IndexDamage.self) { try history[UInt32(total)] }
    }

    /// Memory that only makes reading faster can be released at any time, also twice and while others read.
    @Test func whatWasReleasedIsReadAgain() async throws {
        var recorded = try RandomHistory(seed: 15)
        for _ in 0..<60 { try await recorded.step() }
        // The first time makes the index, the second reads its file.
        _ = try recorded.deployment.results()
        let results = try recorded.deployment.results()
        #expect(results.index.contents.history.baseCount > 0)
        func all() throws -> [String] {
            try results.states(picked: []).map { "\($0)" }
                + results.states(picked: []).flatMap { try results.index.history(of: $0.cell).map { "\($0)" } }
        }
        let before = try all()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    if number % 2 == 0 { results.releaseCaches() }
                    return try all() == before
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
        results.releaseCaches()
        results.releaseCaches()
        #expect(try all() == before)
    }
}
