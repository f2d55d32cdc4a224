internal import ArgumentParser
internal import Foundation

/// How many jobs run at once.
struct JobsOption: ParsableArguments {
    @Option(name: .customLong("jobs"), help: Settings.jobs.help)
    var flag: Int?

    func validate() throws {
        if let flag, !(1...1024).contains(flag) {
            throw ValidationError("--jobs \(flag): expected a number from 1 to 1024")
        }
    }

    /// As many as this machine has processors where nothing says how many.
    func slots(in configuration: Configuration) throws -> Int {
        try Settings.jobs.value(flag: flag, in: configuration) ?? ProcessInfo.processInfo.activeProcessorCount
    }
}
