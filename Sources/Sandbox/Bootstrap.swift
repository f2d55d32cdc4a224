public import Core
public import Layers
public import Supervision
internal import System

/// A step of creating a root file system.
public struct BootstrapStep: Sendable {
    /// Where a step runs.
    public enum Location: Sendable {
        /// On this machine, with the variables `CISO_ROOT` (the directory to fill) and `CISO_CACHE`.
        case host
        /// In a sandbox whose root file system is the result of the previous steps.
        case environment
    }

    /// Where the step runs.
    public var location: Location
    /// The command of the step.
    public var command: Command

    public init(_ location: Location, _ command: Command) {
        self.location = location
        self.command = command
    }
}

/// The failure of a step of creating a root file system.
public struct BootstrapFailure: ClassifiedError, CustomStringConvertible {
    /// The step's name.
    public var step: String
    /// How the command ended.
    public var result: CommandResult
    /// The file with the output of all steps.
    public var log: String

    public var category: ErrorCategory { .unavailable }

    public var diagnostics: [Diagnostic] {
        [
            Diagnostic(
                .error, "creating the environment: step '\(step)': \(result.ending)",
                hint: "its output is in \(log)")
        ]
    }

    public var description: String { failure.description }
}

extension EnvironmentStore {
    /// The root file system for `digest`, created by `steps` if it does not exist or was changed.
    ///
    /// - Parameters:
    ///   - recipe: identifies the result of `steps` independently of the description that `check` compares; nil if
    ///     nothing is reused.
    ///   - obtain: fills an empty directory with a copy from elsewhere; false if there is none.
    ///   - base: fills the directory before the first step.
    ///   - steps: the steps to run in order, all of which must succeed.
    ///   - check: called with the new root file system before it is stored; may reject it by throwing.
    ///   - begin: called if it has to be created, which takes minutes.
    ///   - output: receives the output of the steps.
    /// - Throws: `BootstrapFailure`; the error of `check`; `Failure` of the category `unavailable`;
    ///   `CancellationError`.
    public func make(
        _ digest: Digest, recipe: Digest? = nil,
        obtain: @Sendable (_ root: String) async throws -> Bool = { _ in false },
        base: @Sendable (_ root: String) async throws -> Void = { _ in }, steps: [BootstrapStep],
        check: @Sendable (Sandbox.Layout) async throws -> Void = { _ in },
        begin: @Sendable () -> Void = {},
        output: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws -> String {
        try await make(
            digest, recipe: recipe, begin: begin,
            fill: { root in
                if try await obtain(root) { return }
                try await base(root)
                try await fill(root, by: steps, digest, output)
            },
            check: { try await check(Sandbox.Layout(base: $0)) })
    }

    private func fill(
        _ root: String, by steps: [BootstrapStep], _ digest: Digest, _ output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        let log = try LogFile(log(digest))
        for step in steps {
            try Task.checkCancellation()
            try await run(step, root: root, log: log, output)
        }
    }

    private func run(
        _ step: BootstrapStep, root: String, log: LogFile, _ output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        var command = step.command
        let both: @Sendable ([UInt8]) -> Void = {
            log.append($0)
            output($0)
        }
        let result: CommandResult
        switch step.location {
        case .host:
            command.environment["CISO_ROOT"] = absolute(root)
            command.environment["CISO_CACHE"] = absolute(cache)
            let temporary = try ScratchDirectory.temporary(
                in: ProcessEnvironment(command.environment).temporaryDirectory, isShared: true)
            command.environment["TMPDIR"] = temporary.path
            result = await HostCommand.run(command, watching: [root, temporary.path], output: both)
            try shift(root, from: 0)
        case .environment:
            let sandbox = try Sandbox(Sandbox.Layout(base: absolute(root), writesBase: true), in: incoming)
            result = await sandbox.run(command, output: both)
        }
        if result.ending == .cancelled { throw CancellationError() }
        guard result.succeeded else { throw BootstrapFailure(step: command.name, result: result, log: log.path) }
    }
}
