internal import ArgumentParser
internal import Core
internal import Logging

/// The trace on standard error, for maintainers. Every command has this option.
struct LogOption: ParsableArguments {
    @Option(name: .customLong("log-level"), help: Settings.logLevel.help)
    var level: String?

    /// The level of the flag, the environment or `ciso.yaml`; nil where none asks for a trace.
    ///
    /// - Throws: `Failure` for a level that does not exist.
    func chosenLevel(in configuration: Configuration) throws -> Logger.Level? {
        let flag = try level.map { text in
            guard let level = Logger.Level(rawValue: text) else {
                let levels = Logger.Level.allCases.map(\.rawValue)
                throw Failure(
                    .input, "--log-level '\(text)': expected \(Settings.levels)",
                    hint: nearest(to: text, in: levels).map { "did you mean '\($0)'?" })
            }
            return level
        }
        return try Settings.logLevel.value(flag: flag, in: configuration)
    }

    /// Makes the loggers of all modules write to standard error from now on, or nothing where `level` is nil. Called once,
    /// before anything is logged: without it swift-log's own handler would print.
    static func begin(level: Logger.Level?) {
        Terminal.hasTrace = level != nil
        LoggingSystem.bootstrap { label in
            guard let level else { return SwiftLogNoOpLogHandler() }
            return StandardErrorLog(label: label, logLevel: level)
        }
    }
}

/// A command with a trace. All of them are; ArgumentParser has no place for an option that all commands share.
protocol TracedCommand: ParsableCommand {
    var trace: LogOption { get }
}
