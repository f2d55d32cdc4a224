internal import ArgumentParser
internal import Core
internal import Foundation

/// The number of jobs that run at once.
struct JobsOption: ParsableArguments {
    @Option(Settings.jobs)
    var flag: Int?

    /// The number of slots; by default the number of processors of this machine.
    ///
    /// - Parameter mayBeZero: Whether the command is useful without running jobs itself.
    func slots(in configuration: Configuration, mayBeZero: Bool = false) throws -> Int {
        let slots =
            try Settings.jobs.value(flag: flag, in: configuration) ?? ProcessInfo.processInfo.activeProcessorCount
        guard slots > 0 || mayBeZero else {
            throw Failure(
                .input, "jobs: 0: only `ci run` can leave all jobs to workers", hint: "give a number from 1 to 1024")
        }
        return slots
    }
}
