internal import ArgumentParser
internal import Core
internal import Logging

/// The trace on standard error, for maintainers. Every command has this option.
///
/// - SeeAlso: `docs/decisions/0161-swift-log.md`
struct LogOption: ParsableArguments {
    @Option(name: .customLong("log-level"), help: Settings.logLevel.help)
    var level: String?

    /// The level from the flag, the environment or `ciso.yaml`; nil if none of them requests a trace.
    ///
    /// - Throws: `Failure` if the level does not exist.
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

    /// Makes the loggers of all modules write to standard error, or discard messages if `level` is nil. Must be called
    /// once, before anything is logged, because swift-log's default handler prints.
    static func begin(level: Logger.Level?) {
        Terminal.hasTrace = level != nil
        LoggingSystem.bootstrap { label in
            guard let level else { return SwiftLogNoOpLogHandler() }
            return StandardErrorLog(label: label, logLevel: level)
        }
    }
}

/// A command with the trace option. All commands conform, because ArgumentParser has no global options.
protocol TracedCommand: ParsableCommand {
    var trace: LogOption { get }
}
