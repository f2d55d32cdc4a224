internal import Synchronization

/// A queue whose consumer takes all waiting elements at once.
package final class BatchQueue<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    /// An empty queue.
    package init() {}

    /// Adds an element.
    ///
    /// - Returns: Whether the queue was empty, so that the consumer must be notified.
    package func add(_ element: Element) -> Bool {
        elements.withLock { elements in
            elements.append(element)
            return elements.count == 1
        }
    }

    /// Removes and returns all elements.
    package func take() -> [Element] {
        elements.withLock { elements in
            defer { elements = [] }
            return elements
        }
    }
}
