/// Numbers with due times, the earliest first: a binary heap.
struct TimerQueue: Sendable {
    private var heap: [(time: Duration, number: Int)] = []

    /// The earliest due time.
    var next: Duration? { heap.first?.time }

    mutating func add(_ number: Int, at time: Duration) {
        heap.append((time, number))
        var child = heap.count - 1
        while child > 0, heap[child].time < heap[(child - 1) / 2].time {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes the earliest number if it is due.
    mutating func popDue(at now: Duration) -> Int? {
        guard let first = heap.first, first.time <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.number }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].time < heap[least].time {
                least = child
            }
            if least == parent { return first.number }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
