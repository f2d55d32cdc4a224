internal import Dispatch

/// Runs a task on a queue of its own, one part after the other, so that the task may block without taking a thread of the
/// cooperative pool.
package final class SerialTaskExecutor: TaskExecutor {
    private let queue: DispatchQueue

    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
