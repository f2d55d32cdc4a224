internal import Dispatch
internal import Synchronization

/// A bounded queue of blocks of bytes between a producer thread and a consumer thread. Both block their thread while
/// they wait.
package final class BlockQueue: @unchecked Sendable {
    private let blocks: [UnsafeMutableRawBufferPointer]
    /// The number of bytes in each block. The producer writes it before it enqueues the block.
    private let counts: UnsafeMutableBufferPointer<Int>
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let isClosed = Atomic(false)
    /// The number of enqueued blocks; used only by the producer.
    private var produced = 0
    /// The number of dequeued blocks, and whether the end was reached; used only by the consumer.
    private var consumed = 0
    private var isEnded = false

    /// - Parameters:
    ///   - size: The size of a block in bytes.
    ///   - count: The number of blocks.
    package init(of size: Int = 1 << 18, count: Int = 8) {
        blocks = (0..<count).map { _ in .allocate(byteCount: size, alignment: 16) }
        counts = .allocate(capacity: count)
        counts.initialize(repeating: 0)
        // A semaphore must not end with a lower value than it began with.
        for _ in blocks { free.signal() }
    }

    deinit {
        for block in blocks { block.deallocate() }
        counts.deallocate()
    }

    /// Waits for a free block, and enqueues it after `fill` has written into it. Called by the producer.
    ///
    /// - Parameter fill: Returns the number of bytes that it has written; an empty block is not enqueued.
    /// - Returns: That number; nil if the consumer has closed the queue.
    package func put<Problem: Error>(
        _ fill: (UnsafeMutableRawBufferPointer) throws(Problem) -> Int
    ) throws(Problem) -> Int? {
        free.wait()
        guard !isClosed.load(ordering: .acquiring) else { return nil }
        let count: Int
        do throws(Problem) {
            count = try fill(blocks[produced % blocks.count])
        } catch {
            free.signal()
            throw error
        }
        if count == 0 { free.signal() } else { enqueue(count) }
        return count
    }

    /// Marks the end. The last call of the producer.
    package func end() {
        free.wait()
        enqueue(0)
    }

    private func enqueue(_ count: Int) {
        counts[produced % blocks.count] = count
        produced += 1
        filled.signal()
    }

    /// Waits for the next block, which is valid until the next call; at the end it is empty. Called by the consumer.
    package func take() -> UnsafeRawBufferPointer {
        if isEnded { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if consumed > 0 { free.signal() }
        filled.wait()
        let block = consumed % blocks.count
        consumed += 1
        isEnded = counts[block] == 0
        return UnsafeRawBufferPointer(rebasing: blocks[block][..<counts[block]])
    }

    /// Makes the producer stop. Called by the consumer if it needs no further block.
    package func close() {
        isClosed.store(true, ordering: .releasing)
        // One for a waiting producer, and one for its call of `end`.
        free.signal()
        free.signal()
    }
}
