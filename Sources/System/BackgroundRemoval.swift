internal import Dispatch
internal import Glibc

/// The maximum number of entries that are removed immediately: about a tenth of a second of work.
private let prompt = 5000

private let removals = DispatchGroup()
private let queue = DispatchQueue(label: "removal", qos: .utility)

/// Removes a directory tree: immediately if it is small, otherwise on a queue that removes one tree after another.
///
/// - Parameters:
///   - lock: a descriptor to close afterwards, or -1.
///   - limit: the maximum number of entries to remove immediately.
func removeTreeInBackground(_ path: String, closing lock: Int32, promptly limit: Int = prompt) {
    let isDone = removeTree(path, atMost: limit)
    let isPartial = !isDone && access(path, F_OK) == 0
    guard isPartial else {
        if lock >= 0 { close(lock) }
        return
    }
    queue.async(group: removals) {
        removeTree(path)
        if lock >= 0 { close(lock) }
    }
}

/// Runs a removal on the same queue, after those before it.
package func removeInBackground(_ removal: @escaping @Sendable () -> Void) {
    queue.async(group: removals, execute: removal)
}

/// Waits until the queue is empty, for at most `time`. The next process removes what is left.
package func waitForRemovals(atMost time: Duration) {
    _ = removals.wait(timeout: .now() + time / .seconds(1))
}
