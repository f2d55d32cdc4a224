internal import Dispatch
internal import Synchronization

/// Passes blocks of bytes from a thread that makes them to a thread that uses them. The maker is a few blocks ahead at
/// most. Both wait by blocking their thread.
package final class BlockQueue: @unchecked Sendable {
    private let blocks: [UnsafeMutableRawBufferPointer]
    /// The numbers of bytes in the blocks. The maker writes one before it passes the block on.
    private let counts: UnsafeMutableBufferPointer<Int>
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let isClosed = Atomic(false)
    /// Blocks that the maker has passed on; only the maker's thread uses it.
    private var made = 0
    /// Blocks that the user has taken, and whether it has seen the end; only the user's thread uses them.
    private var taken = 0
    private var isEnded = false

    /// - Parameters:
    ///   - size: The bytes of a block.
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

    /// Waits for a free block and lets `fill` write into it.
    ///
    /// - Parameter fill: Returns the number of bytes that it has written; a block without bytes is not passed on.
    /// - Returns: That number; nil if the user has closed the queue.
    package func put<Problem: Error>(
        _ fill: (UnsafeMutableRawBufferPointer) throws(Problem) -> Int
    ) throws(Problem) -> Int? {
        free.wait()
        guard !isClosed.load(ordering: .acquiring) else { return nil }
        let count: Int
        do throws(Problem) {
            count = try fill(blocks[made % blocks.count])
        } catch {
            free.signal()
            throw error
        }
        if count == 0 { free.signal() } else { pass(count) }
        return count
    }

    /// Marks the end; the maker calls it once, last.
    package func end() {
        free.wait()
        pass(0)
    }

    private func pass(_ count: Int) {
        counts[made % blocks.count] = count
        made += 1
        filled.signal()
    }

    /// Waits for the next block. It is valid until the next call; at the end it is empty.
    package func take() -> UnsafeRawBufferPointer {
        if isEnded { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if taken > 0 { free.signal() }
        filled.wait()
        let block = taken % blocks.count
        taken += 1
        isEnded = counts[block] == 0
        return UnsafeRawBufferPointer(rebasing: blocks[block][..<counts[block]])
    }

    /// Ends the maker's work; the user calls it if it wants no further block.
    package func close() {
        isClosed.store(true, ordering: .releasing)
        // One for a maker that fills, and one for its end.
        free.signal()
        free.signal()
    }
}
