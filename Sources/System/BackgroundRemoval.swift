internal import Dispatch
internal import Glibc

/// Entries that are removed on the spot: about a tenth of a second's worth.
private let prompt = 5000

private let removals = DispatchGroup()
private let queue = DispatchQueue(label: "removal", qos: .utility)

/// Removes a directory with all it holds: at once where that is quick, else on a queue on which one tree after the other
/// is removed.
///
/// - Parameters:
///   - lock: a descriptor that is closed afterwards, or -1.
///   - limit: entries that are removed on the spot.
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

/// Has something removed on a queue, on which one removal follows the other.
package func removeInBackground(_ removal: @escaping @Sendable () -> Void) {
    queue.async(group: removals, execute: removal)
}

/// Waits until nothing is left to be removed in the background, but at most so long. The next start removes the rest.
package func waitForRemovals(atMost time: Duration) {
    _ = removals.wait(timeout: .now() + time / .seconds(1))
}
