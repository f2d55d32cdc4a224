internal import Archive
internal import Core
internal import Fetching
internal import Foundation
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages
internal import RunnerInterface
internal import ShellQuoting
internal import Supervision
internal import System

/// The opam client of a target's environment, which executes the recipes of jobs that request it.
///
/// - SeeAlso: `docs/decisions/0080-opam-client.md`
struct OpamClient: Sendable {
    let target: TargetEnvironment
    /// The version declared by the plugin and confirmed by the probe.
    let version: String

    /// The path of the job's download cache in the sandbox.
    static let cache = "\(SandboxBackend.inputs)/cache"

    /// - Throws: `Failure` if the plugin declares no client in the environment.
    init(_ target: TargetEnvironment) throws(Failure) {
        guard let version = target.description.opamClient else {
            throw Failure(
                .unavailable, "target '\(target.request.target)': its environment has no opam client",
                hint: "plan again, or give the target 'engine: recipe'")
        }
        self.target = target
        self.version = version
    }

    /// The step that installs a package whose repository, switch and sources have been laid out.
    func step(installing package: String, withTests: Bool, jobs: Int) -> Step {
        let tests = withTests ? " --with-test" : ""
        return Step(
            "opam-install", phase: .build,
            script: "exec opam install --verbose\(tests) \(ShellWord.quoted(package))\n",
            environment: [
                "OPAMROOT": target.layout.root, "OPAMSWITCH": target.layout.name, "OPAMYES": "1",
                "OPAMJOBS": String(jobs), "OPAMCOLOR": "never", "OPAMUTF8": "never", "OPAMSTATUSLINE": "never",
                "OPAMNODEPEXTS": "1", "OPAMNOSELFUPGRADE": "1", "OPAMERRLOGLEN": "0",
            ])
    }

    /// The directory that `layOut` writes to, a layer above those of the inputs.
    static func layer(in staging: ScratchDirectory) -> String { "\(staging.path)/client" }

    /// Writes a repository with the package of `request` into a layer over the switch of its inputs.
    ///
    /// - Parameter source: A replacement for the source in the opam file; nil to keep it.
    func layOut(_ request: JobRequest, source: Source?, in directory: String) throws(Failure) {
        let names = Dictionary(
            request.inputs.map { ($0.id, $0.job.package) }, uniquingKeysWith: { first, _ in first })
        func member(_ job: Job, _ files: PackageFiles) -> ClientState.Member {
            let inputs = job.inputs.compactMap { names[$0] }.filter { $0.name != job.package.name }
            return ClientState.Member(
                name: job.package.name, version: job.package.version, opam: files.opam,
                inputs: inputs.map { ($0.name, $0.version) })
        }
        let installed = request.inputs.filter { $0.job.package.name != request.job.package.name }
        var package = member(request.job, request.files)
        if let source {
            package.opam = try AssembledSwitch.opamFile(request.files, of: request.job.package)
                .replacing(source: source)
        }
        try layOut(
            package, files: request.files.files,
            installed: installed.map { member($0.job, $0.files) }, in: directory)
    }

    /// Writes a repository with one package into a layer over a switch.
    func layOut(
        _ package: ClientState.Member, files: [FilePath: [UInt8]] = [:], installed: [ClientState.Member] = [],
        in directory: String
    ) throws(Failure) {
        let state = ClientState(
            layout: target.layout, clientVersion: version, package: package, packageFiles: files,
            installed: installed, downloadCache: Self.cache)
        let written: [FilePath: [UInt8]]
        do {
            written = try state.files()
        } catch {
            throw Failure(.unavailable, "\(error)")
        }
        try StateLayer(directory, over: target.base, owner: target.buildUser).write(files: written)
    }

    /// Puts the archives of a recipe into the client's download cache.
    ///
    /// - Returns: A replacement for the source in the opam file; nil to keep it.
    func layOut(_ recipe: BuildRecipe, from sources: SourceCache, in staging: String) async throws -> Source? {
        let cache = "\(staging)/cache"
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        for source in recipe.extraSources.map(\.source) {
            try Self.place(await sources.file(source, of: recipe.package), source.checksums, in: cache)
        }
        guard let source = recipe.source else { return nil }
        let file = try await sources.file(source, of: recipe.package)
        guard ClientArchive.isNeeded(for: source) else {
            try Self.place(file, source.checksums, in: cache)
            return nil
        }
        let archive = try ClientArchive(of: file, source, in: staging, package: recipe.package)
        try Self.place(archive.file, [archive.checksum], in: cache)
        return Source(url: "file://\(Self.cache)/\(archive.checksum.path)", checksums: [archive.checksum])
    }

    private static func place(_ file: String, _ checksums: [Checksum], in cache: String) throws {
        for checksum in checksums {
            let path = "\(cache)/\(checksum.path)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            if !FileManager.default.fileExists(atPath: path) {
                try StagedSources.stage(file, at: path)
            }
        }
    }
}

// MARK: The client's output

extension OpamClient {
    /// Translates a failed step of the client into the failure of the corresponding step of the runner.
    ///
    /// - Throws: `Failure` of the category `unavailable` if the client failed, not the package.
    static func judged(_ failure: PackageBuild.StepFailure, steps: [Step]) throws(Failure)
        -> PackageBuild.StepFailure
    {
        guard case .exited(let status) = failure.result.ending else { return failure }
        let report = OpamClientReport(failure.output)
        // 31: a package operation failed; 40: its source could not be obtained (opam manual, "Exit codes").
        guard status == 31 || status == 40 else {
            throw Failure(.unavailable, "opam: exit status \(status): \(report.lastError ?? "no reason was given")")
        }
        var judged = failure
        judged.phase = report.phase
        judged.output = report.output ?? report.lastError ?? ""
        judged.isWholeOutput = false
        if let command = report.command, let step = steps.first(where: { Self.runs(command, $0) }) {
            judged.phase = Phase(rawValue: step.phase.rawValue) ?? report.phase
            judged.name = step.name
            judged.command = step.commandLine
        }
        return judged
    }

    /// Whether `step` runs the command, which the client prints with the program's absolute path and without quotes.
    private static func runs(_ command: String, _ step: Step) -> Bool {
        func words(_ text: some StringProtocol) -> [Substring] {
            var words = text.filter { !"'\\\"\n".contains($0) }.split(separator: " ").map { Substring(String($0)) }
            if words.first == "exec" { words.removeFirst() }
            if let program = words.first { words[0] = program.split(separator: "/").last ?? program }
            return words
        }
        return words(command) == words(step.script)
    }
}

/// The client's report of a failure, in any version since 2.0.
struct OpamClientReport {
    /// The phase that failed.
    private(set) var phase = Phase.build
    /// The package's command that failed.
    private(set) var command: String?
    /// The command's output without the client's prefixes, or the error before any command.
    private(set) var output: String?
    /// The last error message of the client itself.
    private(set) var lastError: String?

    init(_ log: String) {
        var lines = log.textLines[...]
        while let line = lines.popFirst() {
            if line.hasPrefix("#=== ERROR while ") {
                phase = line.hasPrefix("#=== ERROR while installing") ? .install : .build
            } else if line.hasPrefix("# command ") {
                command = String(line.dropFirst("# command ".count).drop { $0 == " " })
            } else if line == "### output ###" {
                let printed = lines.prefix { $0 == "#" || $0.hasPrefix("# ") }
                output = printed.map { $0.dropFirst(2) }.joined(separator: "\n")
            } else if line.hasPrefix("[ERROR] ") {
                lastError = String(line.dropFirst("[ERROR] ".count))
                if line.contains("sources of") { phase = .fetch }
                if line.hasPrefix("[ERROR] Patch file") { phase = .configure }
            } else if let problem = Self.preparing.first(where: line.hasPrefix) {
                phase = .configure
                let named = line.hasSuffix(":") ? lines.first ?? "" : line
                output = "Error: \(problem): \(Self.subject(named))"
            }
        }
    }

    /// The prefixes of the client's messages about errors before the package's own commands.
    private static let preparing = ["These patches didn't apply", "String expansion failed", "Bad hash"]

    /// `p.diff` of `  - p.diff: "patch …" exited with code 1`; what follows holds names made up for the run.
    private static func subject(_ line: String) -> Substring {
        let words = line.drop { " -".contains($0) }.prefix { $0 != ":" }
        return words.split(separator: "/").last ?? words
    }
}
