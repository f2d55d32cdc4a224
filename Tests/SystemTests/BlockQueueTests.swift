import Foundation
import System
import TestSupport
import Testing

/// Blocks that one thread makes and another one uses.
@Suite struct BlockQueueTests {
    private struct Broken: Error {}

    /// For blocks of any sizes, the received bytes equal the sent ones, in order.
    @Test func whatArrivesIsWhatWasSent() async throws {
        var random = SeededGenerator()
        for count in [1, 2, 5] {
            let sizes = (0..<200).map { _ in Int.random(in: 1...64, using: &random) }
            let queue = BlockQueue(of: 64, count: count)
            BlockingWork.start {
                for (index, size) in sizes.enumerated() {
                    let passed = queue.put { block in
                        for position in 0..<size { block[position] = UInt8(truncatingIfNeeded: index) }
                        return size
                    }
                    if passed != size { break }
                }
                queue.end()
            }
            let arrived = await BlockingWork.run {
                var arrived: [[UInt8]] = []
                while case let block = queue.take(), !block.isEmpty { arrived.append(Array(block)) }
                // After the end, every further read returns nothing.
                return arrived + (queue.take().isEmpty ? [] : [[]])
            }
            let sent = sizes.enumerated().map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $1) }
            #expect(arrived == sent, "seed \(random.seed), \(count) blocks")
        }
    }

    /// A reader that stops ends the writer, wherever that waits.
    @Test func aClosedQueueEndsItsProducer() async {
        for taken in 0...3 {
            let queue = BlockQueue(of: 8, count: 2)
            async let made = BlockingWork.run {
                var made = 0
                while queue.put({ _ in 8 }) != nil { made += 1 }
                queue.end()
                return made
            }
            await BlockingWork.run {
                for _ in 0..<taken { _ = queue.take() }
                queue.close()
            }
            #expect(await made >= taken)
        }
    }

    @Test func aFailureToFillLosesNoBlock() async throws {
        let queue = BlockQueue(of: 8, count: 1)
        for _ in 0..<3 {
            #expect(throws: Broken.self) { try queue.put { _ throws(Broken) in throw Broken() } }
            #expect(queue.put { _ in 0 } == 0)
        }
        #expect(queue.put { _ in 3 } == 3)
        #expect(queue.take().count == 3)
        BlockingWork.start { queue.end() }
        #expect(await BlockingWork.run { queue.take().isEmpty })
    }
}
