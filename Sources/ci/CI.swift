internal import ArgumentParser
internal import Core
internal import Foundation
internal import Git
internal import Logging
internal import Review
internal import Supervision
internal import System

/// The root command. It is the only place that turns errors into messages and exit codes.
@main
struct CI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ci",
        abstract: "A CI runner for matrices of opam packages, compilers and operating systems.",
        discussion: """
            A cell is named TARGET/COMPILER/PACKAGE.VERSION. A SELECTOR is a cell with globs, or outcome:WORD, \
            change:WORD, kind:WORD, signature:TEXT, grep:TEXT, maintainer:ADDRESS, tag:WORD, since:RUN|DATE, task:ID; a \
            ! in front negates it. Selectors of the same kind are alternatives; a cell must match one of each kind.

            Exit codes: 0 all required cells are good; 1 a required cell is not good; 2 wrong input; 3 infrastructure \
            failure; 64 wrong usage; 70 a bug in ciso; 130 interrupted.
            """,
        version: ProgramVersion.current,
        subcommands: [
            SolveCommand.self,
            PlanCommand.self,
            RunCommand.self,
            WorkerCommand.self,
            CloneCommand.self,
            InboxCommand.self,
            SubmitCommand.self,
            ResultsCommand.self,
            ShowCommand.self,
            MineCommand.self,
            StatusCommand.self,
            WatchCommand.self,
            LogCommand.self,
            ClassifyCommand.self,
            ExplainCommand.self,
            DiffCommand.self,
            GateCommand.self,
            HistoryCommand.self,
            BisectCommand.self,
            ReportCommand.self,
            ServeCommand.self,
            TokenCommand.self,
            NotifyCommand.self,
            RetryCommand.self,
            CancelCommand.self,
            PauseCommand.self,
            DrainCommand.self,
            ReproduceCommand.self,
            PluginCommand.self,
            ImageCommand.self,
            StoreCommand.self,
            DoctorCommand.self,
        ]
    )

    static func main() async {
        _ = StandardDescriptors.wereClosed
        let words = Array(CommandLine.arguments.dropFirst())
        let command = CommandOptions.command(of: words).type
        if command is any SandboxingCommand.Type { SubordinateIDs.enter() }
        signal(SIGPIPE, SIG_IGN)
        GitEnvironment(ProcessInfo.processInfo.environment).adopt()
        Interruption.begin()
        var status = await run(arguments: words)
        do {
            try StandardOutput.finish()
        } catch {
            let code = report(error)
            if status <= ExitStatus.notGood.rawValue { status = code }
        }
        // Other threads may be repacking the store, which is safe to interrupt at any point.
        if status == ExitStatus.interrupted.rawValue { Interruption.end() }
        waitForRemovals(atMost: .seconds(1))
        Foundation.exit(status)
    }

    /// Parses and runs a command line, and prints errors on standard error.
    ///
    /// - Returns: The exit code, one of `ExitStatus`.
    static func run(arguments: [String]) async -> Int32 {
        do {
            var command = try ArgumentDefaults(for: arguments, in: .current()).command()
            // `--help` is parsed as a command without options.
            let trace = (command as? any TracedCommand)?.trace
            LogOption.begin(level: try trace?.chosenLevel(in: .current()))
            logger.info("\(type(of: command)._commandName)", metadata: ["version": "\(ProgramVersion.current)"])
            let start = ContinuousClock.now
            defer { logger.info("ended", metadata: ["duration": "\(ContinuousClock.now - start)"]) }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return ExitStatus.success.rawValue
        } catch let exit as EarlyExit {
            return exit.status.rawValue
        } catch is CancellationError {
            return ExitStatus.interrupted.rawValue
        } catch {
            return report(error, of: arguments)
        }
    }

    /// Prints the requested help, the mistake in the command line, or the diagnostics of an error.
    private static func report(_ error: any Error, of arguments: [String]) -> Int32 {
        switch exitCode(for: error) {
        case .success:
            let message = fullMessage(for: error)
            StandardOutput.print(message)
            if message.hasPrefix("OVERVIEW:") {
                let words = arguments.first == "help" ? Array(arguments.dropFirst()) : arguments
                StandardOutput.write(CommandOptions(of: CommandOptions.command(of: words).type).help)
            }
            return ExitStatus.success.rawValue
        case .validationFailure:
            StandardError.print(fullMessage(for: error))
            return ExitStatus.usage.rawValue
        default:
            return report(Failure(describing: error))
        }
    }

    private static func report(_ failure: Failure) -> Int32 {
        StandardError.print(failure.description)
        return ExitStatus(failure.category).rawValue
    }
}

extension ExitStatus {
    /// The exit code of a command that failed with an error of this category.
    init(_ category: ErrorCategory) {
        self =
            switch category {
            case .input: .input
            case .unavailable: .infrastructure
            case .bug: .bug
            }
    }
}

private let logger = Logger(label: "ciso.ci")

/// Ends a command with an exit code without printing a further message.
struct EarlyExit: Error {
    let status: ExitStatus
}

extension EarlyExit {
    /// The exit code for cells in this overall state; nil if all required cells are good.
    init?(of state: OverallState) {
        switch state {
        case .good: return nil
        case .notGood: self.init(status: .notGood)
        case .unavailable: self.init(status: .infrastructure)
        }
    }
}
