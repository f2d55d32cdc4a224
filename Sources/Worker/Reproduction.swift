internal import Core
internal import Foundation
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages
package import RunnerInterface
internal import SSH
internal import ShellQuoting
internal import System

/// Reproduces a job's environment for a user: prints it as text, or starts a shell in it.
package struct Reproduction: Sendable {
    private let runner: LocalRunner

    package init(_ runner: LocalRunner) {
        self.runner = runner
    }

    /// Describes the inputs and steps of the job, so that the steps can be repeated by hand.
    ///
    /// - Throws: `Failure`, `SourceError` or `RecipeError` if the job cannot be prepared on this machine.
    package func describe(_ request: JobRequest, progress: @escaping @Sendable (String) -> Void) async throws -> String
    {
        try await withPreparedJob(request, progress) { prepared in text(of: request, prepared) }
    }

    /// Lays out the package's source in the job's environment and starts a shell there.
    ///
    /// - Parameter output: Receives the shell's output unchanged.
    /// - Returns: The shell's exit status.
    /// - Throws: The errors of `describe`.
    package func enter(
        _ request: JobRequest, progress: @escaping @Sendable (String) -> Void,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> Int32 {
        try await withPreparedJob(request, progress) { prepared in
            try await prepared.session.layOut()
            if let remote = prepared.remote { return try await remote.interact(script(entering: prepared)) }
            return try await InteractiveShell(prepared, terminalType: runner.environment["TERM"]).run(output: output)
        }
    }

    func withPreparedJob<Value: Sendable>(
        _ request: JobRequest, _ progress: @escaping @Sendable (String) -> Void,
        _ body: @Sendable (PreparedJob) async throws -> Value
    ) async throws -> Value {
        let log = try JobLog("\(runner.directories.logs)/reproduce-\(UUID().uuidString)")
        defer { unlink(log.path) }
        let target = try await runner.environments.environment(of: request.target, progress: progress)
        guard target.isRemote else {
            return try await body(JobPreparation(runner, request, target, log: log, progress: progress).prepare())
        }
        let steps: @Sendable (JobStep) -> Void = { progress($0.description) }
        return try await runner.use(target, of: request, log: log, steps) { workspace in
            try await body(JobPreparation(runner, request, target, workspace, log: log, progress: progress).prepare())
        }
    }

    /// A script that starts a shell on the host, in the package's build directory.
    private func script(entering prepared: PreparedJob) -> String {
        let (recipe, environment) = (prepared.session.recipe, prepared.session.target.environment)
        let variables = environment.environment.merging(recipe.environment) { _, own in own }
            .sorted { $0.key < $1.key }.map { ShellWord.quoted("\($0.key)=\($0.value)") }.joined(separator: " ")
        return """
            cd \(ShellWord.quoted(recipe.directory)) || exit 1
            exec env -i TERM="${TERM:-dumb}" \(variables) \(ShellWord.quoted(environment.shell.path))

            """
    }

    private func text(of request: JobRequest, _ prepared: PreparedJob) -> String {
        let (job, recipe) = (request.job, prepared.session.recipe)
        var lines = [
            "# \(job.package) on \(request.target.name) with \(job.compiler)", "job          \(request.id)",
            "kind         \(job.kind.rawValue)",
            "environment  \(job.environment)",
            prepared.remote.map { "host         \($0.host.name)" } ?? "root         \(prepared.session.target.base)",
            "plugin       \(job.plugin.name) \(job.plugin.version) \(job.plugin.digest)",
        ]
        let system = request.inputs.reduce(into: Set(job.systemPackages)) { $0.formUnion($1.job.systemPackages) }
        if !system.isEmpty { lines.append("system       \(system.sorted().joined(separator: " "))") }
        for input in request.inputs {
            lines.append("layer        \(input.job.package) \(input.layer)")
        }
        for source in [recipe.source].compactMap({ $0 }) + recipe.extraSources.map(\.source) {
            lines.append("source       \(source.url) \(source.checksums.map(\.description).joined(separator: " "))")
        }
        lines += recipe.patches.map { "patch        \($0)" }
        lines += (recipe.patchTemplates + recipe.templates).map { "substitute   \($0)" }
        lines += ["", "# As the user '\(prepared.session.target.environment.buildUser.name)':"]
        lines += recipe.environment.sorted { $0.key < $1.key }.map { name, value in
            "export \(name)=\(ShellWord.quoted(value))"
        }
        lines.append("cd \(ShellWord.quoted(recipe.directory))")
        for step in prepared.strategy.steps where step.phase != .remove {
            lines.append(
                "# \(step.name)\(step.user == .root ? ", as root" : "")\(step.network ? ", with network" : "")")
            lines.append("( \(step.script.split(separator: "\n").joined(separator: "\n  ")) )")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
