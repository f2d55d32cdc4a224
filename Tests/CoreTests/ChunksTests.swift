import Core
import Testing

@Suite struct ChunksTests {
    @Test(arguments: 1...5) func chunksAreTheCollection(count: Int) {
        for size in 0...12 {
            let whole = Array(0..<size)
            let chunks = whole.chunks(ofCount: count)
            #expect(chunks.flatMap { Array($0) } == whole && chunks.count == (size + count - 1) / count)
            #expect(chunks.dropLast().allSatisfy { $0.count == count } && chunks.allSatisfy { !$0.isEmpty })
            #expect(whole.dropFirst(2).chunks(ofCount: count).flatMap { Array($0) } == Array(whole.dropFirst(2)))
        }
    }
}
