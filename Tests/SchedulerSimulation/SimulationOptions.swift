/// The size of the simulation, and its faults.
package struct SimulationOptions: Sendable {
    package var jobs = 400
    package var tasks = 8
    package var workers = 6
    package var targets = 3
    /// Probabilities for each message.
    package var loss = 0.02
    package var duplication = 0.03
    /// The probability of a delay a thousand times as long as usual.
    package var longDelay = 0.01
    /// Mean simulated seconds between faults; 0: never.
    package var dispatcherCrash = 60.0
    package var workerCrash = 40.0
    /// A worker is stopped for a while, and its lease is still renewed.
    package var hang = 80.0
    /// A worker's lease ends while it continues.
    package var partition = 80.0
    /// An operator drains or pauses a worker, and resumes it.
    package var modeChange = 50.0
    package var taskCancellation = 120.0
    package var jobCancellation = 60.0
    package var retry = 40.0
    /// Seconds after which no further fault happens.
    package var calm = 400.0
    /// Seconds between submissions of tasks.
    package var submission = 20.0

    package init() {}

    /// Few jobs, and something goes wrong all the time.
    package static var chaos: SimulationOptions {
        var options = SimulationOptions()
        (options.jobs, options.tasks, options.submission) = (400, 24, 2)
        (options.loss, options.duplication, options.longDelay) = (0.1, 0.1, 0.05)
        (options.dispatcherCrash, options.workerCrash, options.hang, options.partition) = (25, 10, 15, 15)
        (options.modeChange, options.taskCancellation, options.jobCancellation, options.retry) = (10, 40, 10, 8)
        return options
    }

    /// The full form: 10⁵ jobs on a hundred workers.
    package static var full: SimulationOptions {
        var options = SimulationOptions()
        options.jobs = 100_000
        options.tasks = 40
        options.workers = 100
        options.targets = 8
        options.dispatcherCrash = 300
        options.workerCrash = 5
        options.hang = 20
        options.partition = 20
        options.modeChange = 20
        options.jobCancellation = 20
        options.retry = 10
        options.calm = 3_000
        options.submission = 50
        return options
    }

    /// Without faults.
    package mutating func disableFaults() {
        (loss, duplication, longDelay) = (0, 0, 0)
        (dispatcherCrash, workerCrash, hang, partition, modeChange) = (0, 0, 0, 0, 0)
        (taskCancellation, jobCancellation, retry) = (0, 0, 0)
    }
}

/// A broken invariant.
package struct Violation: Error, CustomStringConvertible {
    package var message: String
    package var seed: UInt64
    package var step: Int

    package var description: String { "\(message) (seed \(seed), step \(step))" }
}
