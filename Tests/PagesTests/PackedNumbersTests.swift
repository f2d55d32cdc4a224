import Testing

@testable import Pages

@Suite struct PackedNumbersTests {
    /// As the script of the grid reads them.
    private func unpacked(_ text: String) -> [Int] {
        text.split(separator: " ").flatMap { run in
            let parts = run.split(separator: "*", omittingEmptySubsequences: false)
            return Array(
                repeating: Int(parts[1], radix: 36) ?? -1, count: parts[0].isEmpty ? 1 : Int(parts[0], radix: 36) ?? 0)
        }
    }

    @Test(arguments: [[], [0], [5, 5, 5, 1, 40, 40], Array(repeating: 7, count: 100) + [8], Array(0..<80)])
    func runsAreReadBack(numbers: [Int]) {
        #expect(unpacked(PackedNumbers.runs(numbers)) == numbers)
    }

    @Test func equalNeighboursAreWrittenOnce() {
        #expect(PackedNumbers.runs(Array(repeating: 10, count: 38)) == "12*a")
    }
}
