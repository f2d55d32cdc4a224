internal import Core
internal import Foundation
internal import LogReading
internal import Model
internal import PluginHost
internal import PluginMessages
internal import Sandbox
internal import Supervision
internal import Synchronization
internal import System

// MARK: Creating the environment of a target, and comparing it with its description

extension TargetEnvironment {
    static let bootstrapLimits = Limits(
        time: .seconds(3600), silence: .seconds(900), memory: nil, processes: nil, disk: 16 << 30)

    /// The digest that identifies the result of the bootstrap: of the whole description except the values compared by
    /// the probe.
    func recipe() throws -> Digest {
        var recipe = environment
        recipe.probe = nil
        return try CanonicalJSON.digest(of: recipe)
    }

    /// - Parameter directories: The directories in which programs are looked up.
    /// - Throws: `PermanentFailure` for the first program required by the bootstrap that this machine lacks.
    func checkTools(in directories: [String]) throws {
        for tool in environment.tools
        where !directories.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool.program)") }) {
            let packages = tool.packages.sorted { $0.key < $1.key }.map { "\($0.value) (\($0.key))" }
            throw PermanentFailure(
                "target '\(request.target)': making its environment needs the program '\(tool.program)', which is not on "
                    + "this machine's PATH",
                hint: packages.isEmpty
                    ? "install '\(tool.program)'" : "install the package \(packages.joined(separator: ", "))")
        }
    }

    /// The command of a bootstrap step. It runs in `/`, because the home directory does not exist yet.
    ///
    /// - Parameter variables: The worker's environment with mirrors and proxies, which is passed to steps on its
    ///   machine.
    func bootstrapCommand(_ step: Step, _ variables: ProcessEnvironment) -> Command {
        var command = command(step, limits: Self.bootstrapLimits)
        command.workingDirectory = step.directory ?? "/"
        if step.place == .worker {
            command.program = .script(step.script, shell: ["/bin/sh", "-eu"])
            command.environment = variables.merging(step.environment)
        }
        return command
    }

    /// The error of a failed bootstrap step, with the error line of its output: retryable if the network or the machine
    /// may be the cause, otherwise permanent.
    func explained(_ failed: BootstrapFailure) -> any Error {
        let output = LogTail.read(failed.log)
        let finding = patterns.read(Array(output.utf8))
        let last = output.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map(String.init)
        let reason =
            (finding.flatMap { $0.pattern == nil ? nil : $0.message } ?? last).map { ": \($0.prefix(500))" } ?? ""
        let failure = Failure(
            .unavailable,
            "target '\(request.target)': making its environment: step '\(failed.step)': \(failed.result.ending)\(reason)",
            hint: "the whole output is in \(failed.log); the step is in the answer of \(plugin.file.path) to 'target'")
        let step = environment.bootstrap.first { $0.name == failed.step }
        return mayPass(failed.result, finding, step) ? failure : PermanentFailure(failure)
    }

    private func mayPass(_ result: CommandResult, _ finding: LogFinding?, _ step: Step?) -> Bool {
        if result.isInfrastructure { return true }
        switch result.ending {
        case .exited(126), .exited(127): return false
        case .exited, .signalled:
            guard let finding, finding.kind != .unknown, finding.kind != .outOfMemory else {
                return step?.network == true
            }
            return finding.origin == .infrastructure && finding.kind != .noSpace
        default: return false
        }
    }

    /// Compares a new root file system with its description.
    func probe(_ layout: Sandbox.Layout) async throws {
        guard let step = environment.probe else { return }
        let sandbox = try Sandbox(layout, in: "\(layout.base).probe")
        defer { rmdir("\(layout.base).probe") }
        let output = Mutex("")
        let result = await sandbox.run(command(step, limits: Self.bootstrapLimits)) { bytes in
            output.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        let text = output.withLock { $0 }
        if result.ending == .cancelled { throw CancellationError() }
        guard result.succeeded else {
            let failure = Failure(
                .unavailable,
                "target '\(request.target)': probing its environment: step '\(step.name)': \(result.ending)\n"
                    + text.suffix(2000),
                hint: "the probe is in the answer of \(plugin.file.path) to 'target'; after a change run "
                    + "`ci plugin check \(plugin.file.path)`, and plan again")
            throw result.isInfrastructure ? failure : PermanentFailure(failure)
        }
        try compare(text)
    }

    /// Compares the output of a probe with the description.
    ///
    /// - Throws: `PermanentFailure` that names all variables that differ, and what to change.
    func compare(_ text: String) throws {
        var differences: [(name: String, described: String, found: String)] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let (name, found) = (String(line[..<equals]), String(line[line.index(after: equals)...]))
            guard let described = description.variables[name], described != found else { continue }
            differences.append((name, described, found))
        }
        guard !differences.isEmpty else { return }
        let words = differences.map {
            "variable '\($0.name)': the plugin says '\($0.described)', the environment says '\($0.found)'"
        }
        let remedies = differences.compactMap { remedy($0.name, $0.found) }
        let names = differences.map { "'\($0.name)'" }.joined(separator: ", ")
        throw PermanentFailure(
            "target '\(request.target)': \(words.joined(separator: "; "))",
            hint: (remedies + ["correct \(names) in 'variables' of the plugin's answer to 'target'"])
                .joined(separator: "; or ")
                + " (\(plugin.file.path)), run `ci plugin check \(plugin.file.path)`, and plan again")
    }

    /// The option of the matrix that makes the description agree with a probed value; nil if only the plugin can be
    /// changed.
    private func remedy(_ variable: String, _ found: String) -> String? {
        func option(_ name: String) -> String? {
            plugged.options.contains { $0.name == name }
                ? "set the option '\(name): \"\(found)\"' of the target in the matrix" : nil
        }
        switch variable {
        case "sys-ocaml-version": return option("system-ocaml")
        case "os-version":
            let distribution = plugged.distributions.first { $0.name == request.distribution }
            let target = "\(request.distribution)-\(found)"
            return target != request.target && distribution?.versions.contains(found) == true
                ? "name the target '\(target)' in the matrix, if that is what you mean" : option(variable)
        default: return option(variable)
        }
    }
}

/// The end of a log, which may be long.
private enum LogTail {
    static func read(_ path: String) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { return "" }
        defer { try? file.close() }
        let limit: UInt64 = 1 << 20
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size > limit ? size - limit : 0)
        return String(decoding: (try? file.read(upToCount: Int(limit))) ?? Data(), as: UTF8.self)
    }
}
