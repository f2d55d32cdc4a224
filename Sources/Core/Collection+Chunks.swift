extension Collection where Index == Int {
    /// The collection in consecutive parts of `count` elements; the last part may be shorter.
    ///
    /// - Complexity: O(number of parts).
    package func chunks(ofCount count: Int) -> [SubSequence] {
        stride(from: startIndex, to: endIndex, by: count).map { self[$0..<Swift.min($0 + count, endIndex)] }
    }
}
