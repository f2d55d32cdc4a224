internal import Archive
internal import Core
internal import Foundation
internal import Layers
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages
internal import ShellQuoting
internal import Supervision
internal import System

/// The build of one package in a backend: lays out its source, runs the plugin's steps, and records the result like
/// opam.
struct PackageBuild {
    let recipe: BuildRecipe
    let variables: PackageVariables
    let target: TargetEnvironment
    let backend: any BuildBackend
    let staged: StagedSources
    /// Whether the opam client executes the recipe.
    let isClient: Bool
    /// Globs of paths below the prefix that the package may change although other packages own them.
    let allowedOverwrites: [Glob]
    let limits: Limits
    let log: JobLog
    let progress: @Sendable (String) -> Void

    /// A failed step.
    struct StepFailure: Error {
        var phase: Phase
        var name: String
        /// The command for display.
        var command: String
        var result: CommandResult
        /// The output of the step, or the part of it that belongs to the failure.
        var output: String
        /// Its section in the job's log; nil if the step ran for another job.
        var section: JobLog.Section?
        /// Whether the step is the runner's own rather than the plugin's or the package's.
        var isOwn = false
        /// Whether `output` is the complete output of the step.
        var isWholeOutput = true
        /// Pairs of the runner's name and the package's name of staged files.
        var replacements: [(text: String, name: String)] = []
    }

    private var layout: SwitchLayout { variables.layout }
    private var name: String { variables.name }

    // MARK: Source

    /// Unpacks the source, adds extra files, expands templates and applies patches.
    func layOut() async throws {
        let placed = staged.placed
        let archive = staged.archive.map {
            (path: "\(backend.inputs)/\($0)", name: SourceAddress.fileName(recipe.source?.url ?? $0))
        }
        let unpack = SourceScripts.unpack(archive, subpath: recipe.source?.subpath, to: recipe.directory)
        let unpacking = ownStep("unpack", .configure, unpack, directory: layout.prefix)
        if let archive {
            try await runOwn(unpacking, as: .fetch, title: "unpack \(archive.name)")
        } else {
            try await place(
                [FilePath(recipe.directory): .directory], or: unpacking, as: .fetch, title: "make the build directory")
        }
        let copies = SourceScripts.copy(placed.map { ($0.name, "\(backend.inputs)/\($0.staged)") })
        if !copies.isEmpty {
            try await place(
                inBuildDirectory(placed.map { ($0.name, .input($0.staged)) }),
                or: ownStep("files", .configure, copies),
                title: "copy \(placed.map(\.name.description).joined(separator: " "))")
        }
        try await expand(recipe.patchTemplates)
        if !recipe.patches.isEmpty {
            try await runOwn(
                ownStep("patch", .configure, SourceScripts.apply(recipe.patches)),
                title: "apply \(recipe.patches.map(\.description).joined(separator: " "))")
        }
        try await expand(recipe.templates)
    }

    /// Expands the template `NAME.in` for each of `names`.
    private func expand(_ names: [FilePath]) async throws {
        guard !names.isEmpty else { return }
        var expanded: [(name: FilePath, path: String)] = []
        var entries: [(name: FilePath, entry: PlacedEntry)] = []
        for (number, name) in names.enumerated() {
            let path = FilePath(recipe.directory).appending(FilePath(bytes: name.bytes + Array(".in".utf8)))
            guard let template = try await backend.read(path) else {
                throw PackageFailure(.configure, "\(recipe.package): substs: there is no file '\(name).in'")
            }
            let staged = "expanded-\(number)"
            let contents = try PackageFailure.blamingRecipe {
                try Template.expand(template, of: "\(recipe.package): substs: \(name).in", variables: variables)
            }
            try await backend.stage(contents, as: staged)
            expanded.append((name, "\(backend.inputs)/\(staged)"))
            entries.append((name, .file(contents)))
        }
        try await place(
            inBuildDirectory(entries), or: ownStep("substitute", .configure, SourceScripts.copy(expanded)),
            title: "expand \(names.map(\.description).joined(separator: " "))")
    }

    /// Entries by absolute path. Of entries with equal names the last one counts, as if they were copied in order.
    private func inBuildDirectory(_ entries: [(name: FilePath, entry: PlacedEntry)]) -> [FilePath: PlacedEntry] {
        let directory = FilePath(recipe.directory)
        return Dictionary(entries.map { (directory.appending($0.name), $0.entry) }, uniquingKeysWith: { $1 })
    }

    // MARK: Steps

    /// Runs the plugin's steps of `phases`.
    func run(_ steps: [Step], phases: Set<Step.Phase>) async throws {
        for step in steps where phases.contains(step.phase) {
            try await run(step)
        }
    }

    /// Runs a step of the plugin: the package's own commands, or commands of root.
    private func run(_ step: Step) async throws {
        let isOfPackage = step.user == .build && !isClient
        let protection = BuildProtection(layout, directory: recipe.directory, installs: step.phase == .install)
        try await run(step, as: nil, title: step.commandLine, isOfPackage ? protection : nil)
    }

    /// Runs a step of the runner.
    ///
    /// - Parameters:
    ///   - phase: The phase of the step, if it is not one of the plugin's phases.
    ///   - title: A description of the step for display.
    private func runOwn(_ step: Step, as phase: Phase? = nil, title: String) async throws {
        do {
            try await run(step, as: phase, title: title, nil)
        } catch var failure as StepFailure {
            failure.isOwn = true
            throw failure
        }
    }

    /// Adds files without a command if possible, otherwise with `step`. The log is the same in both cases.
    private func place(
        _ entries: [FilePath: PlacedEntry], or step: Step, as phase: Phase? = nil, title: String
    ) async throws {
        guard try await backend.place(entries) else { return try await runOwn(step, as: phase, title: title) }
        noteDone(step.name, step.phase, as: phase, title: title)
    }

    /// Writes to the log that the runner did the work of a step itself.
    private func noteDone(_ name: String, _ stepPhase: Step.Phase, as phase: Phase? = nil, title: String) {
        progress(stepPhase.rawValue)
        log.begin(phase ?? Phase(rawValue: stepPhase.rawValue) ?? .build, name, title)
            .end(CommandResult(ending: .exited(0)))
    }

    private static let recordTitle = "record the package in the switch"

    /// Adds files to the switch, by absolute path.
    private func record(_ files: [FilePath: [UInt8]]) async throws {
        if try await backend.place(files.mapValues { .file($0) }) {
            noteDone("record", .install, title: Self.recordTitle)
        } else {
            try await backend.record(files) { try await runOwn($0, title: Self.recordTitle) }
        }
    }

    private func run(_ step: Step, as phase: Phase?, title: String, _ protection: BuildProtection?) async throws {
        progress(step.phase.rawValue)
        let section = log.begin(phase ?? Phase(rawValue: step.phase.rawValue) ?? .build, step.name, title)
        let result = await backend.run(step, limits: limits, protection: protection) { section.append($0) }
        section.end(result)
        if let detail = result.detail { log.note(detail) }
        if result.ending == .cancelled { throw CancellationError() }
        guard result.succeeded else {
            var failure = section.failure(result)
            failure.replacements = stagedPaths
            failure.output = stagedPaths.reduce(failure.output) { $0.replacing($1.text, with: $1.name) }
            throw failure
        }
    }

    /// The paths of staged files, with the package's own names for them.
    private var stagedPaths: [(text: String, name: String)] {
        staged.names.sorted { $1.key.count < $0.key.count }.map { ("\(backend.inputs)/\($0.key)", $0.value) }
            + [("\(recipe.directory).unpacked/", "")]
    }

    /// Runs a trivial command in a new environment of the same kind, to distinguish failures of the package from those
    /// of the machine. Returns the problem; nil if the command works.
    func problemOfBackend() async -> String? {
        let directory = ShellWord.quoted("\(recipe.directory).trial")
        let trial = ownStep(
            "trial", .build, "umask 022\nmkdir -p \(directory)\necho works >\(directory)/file\ncat \(directory)/file\n",
            directory: layout.prefix)
        do {
            guard let result = try await backend.runAfresh(trial, limits: Limits(time: .seconds(60))) else {
                return nil
            }
            return result.succeeded ? nil : "a trivial command does not work in the job's environment: \(result.ending)"
        } catch {
            return "the job's environment cannot be laid out: \(error)"
        }
    }

    /// A step that is the same for all targets.
    private func ownStep(_ name: String, _ phase: Step.Phase, _ script: String, directory: String? = nil) -> Step {
        Step(name, phase: phase, script: script, directory: directory ?? recipe.directory)
    }

    // MARK: Result

    /// Installs the files listed in the `.install` file, and records the package in the switch.
    ///
    /// - Returns: Files of other packages that it changed with permission of the matrix.
    /// - Throws: `PackageFailure` if it changed other ones.
    func installAndRecord(_ files: PackageFiles) async throws -> [CellResult.Overwrite] {
        let installName = "\(name).install"
        let installFileFound = try await installFile()
        let installation = try installFileFound.map { found in
            try PackageFailure.blamingRecipe { try Installation(found, of: name, in: layout) }
        }
        if let installation {
            try await runOwn(
                ownStep("install-files", .install, InstallScript(installation).text),
                title: "install what \(installName) names")
        }
        let configBytes = try await configFile()
        let found = try await backend.installedChanges()
        try await noteLostFiles()
        let overwrites = try checkOverwrites(found)
        let changes = changes(found, installation, config: configBytes?.count)
        var records: [FilePath: [UInt8]] = [
            FilePath("packages/\(recipe.package)/opam"): recipe.recorded(files.opam),
            FilePath("install/\(name).changes"): changes.bytes,
        ]
        if installation?.entries.isEmpty == false {
            records[FilePath("install/\(installName)")] = installFileFound?.recorded
        }
        let directory = FilePath("packages/\(recipe.package)/files")
        for (file, bytes) in recipe.files { records[directory.appending(file)] = bytes }
        records[FilePath("config/\(name).config")] = configBytes
        try await record(
            Dictionary(uniqueKeysWithValues: records.map { (FilePath(layout.metadata).appending($0), $1) }))
        return overwrites
    }

    /// The package's `.install` file. Entries that opam ignores are ignored and mentioned in the log.
    private func installFile() async throws -> InstallFile? {
        let file = "\(name).install"
        guard let bytes = try await backend.read("\(recipe.directory)/\(file)") else { return nil }
        do {
            let found = try InstallFile(parsing: bytes, file: file)
            for problem in found.problems { log.note("warning: \(problem); the field is ignored, as by opam") }
            return found
        } catch {
            log.note("warning: \(error); the file is ignored, as by opam")
            return nil
        }
    }

    /// The package's `.config` file. Entries that opam ignores are mentioned in the log.
    ///
    /// - Throws: `PackageFailure` if opam would reject the file.
    private func configFile() async throws -> [UInt8]? {
        let file = "\(name).config"
        guard let bytes = try await backend.read("\(recipe.directory)/\(file)") else { return nil }
        do {
            let found = try ConfigFile(parsing: bytes, file: file)
            for problem in found.problems { log.note("warning: \(problem); the field is ignored, as by opam") }
            return bytes
        } catch {
            throw PackageFailure(.install, "\(error)")
        }
    }

    /// Mentions in the log the files that the package wrote outside of the switch and that are not kept.
    private func noteLostFiles() async throws {
        let lost = try await backend.filesInHome(limit: 10)
        guard !lost.isEmpty else { return }
        log.note(
            "warning: files outside of the switch are lost, and opam's own sandbox forbids to write them: "
                + lost.joined(separator: " "))
    }

    /// Finds files of other packages that the package changed.
    ///
    /// - Returns: The permitted changes.
    /// - Throws: `PackageFailure` if there are others.
    private func checkOverwrites(_ changes: InstalledChanges) throws -> [CellResult.Overwrite] {
        let length = layout.prefix.count + 1
        var excluded = Set(layout.discarded.map { String($0.dropFirst(length)) })
        // The client writes its own opam files over those of the inputs.
        if isClient { excluded.insert(".opam-switch/packages") }
        var found = changes.overwrites(excluding: excluded)
        if !isClient { found += changes.addedRecords(excluding: excluded) }
        func isAllowed(_ overwrite: Overwrite) -> Bool {
            allowedOverwrites.contains { $0.matches(overwrite.path.encoded) }
        }
        let refused = found.filter { !isAllowed($0) }
        guard refused.isEmpty else { throw PackageFailure(.install, Overwrite.reason(refused)) }
        return found.map(\.recorded)
    }

    /// Normalises the client's records to those of the runner: the original opam file and the fixed modification time
    /// of layers.
    ///
    /// Returns and throws like `installAndRecord`.
    func recordClientInstallation(_ files: PackageFiles) async throws -> [CellResult.Overwrite] {
        let overwrites = try checkOverwrites(try await backend.installedChanges())
        try await noteLostFiles()
        let changes = "\(layout.metadata)/install/\(name).changes"
        var records = [
            FilePath("\(layout.metadata)/packages/\(recipe.package)/opam"): recipe.recorded(files.opam)
        ]
        records[FilePath(changes)] = try await backend.read(changes).map { ChangesFile.settingTimes(to: 1, in: $0) }
        try await record(records)
        return overwrites
    }

    /// The outputs of a unikernel's package, after its installation.
    func unikernelOutputs(_ opam: OpamFile) -> UnikernelOutputs {
        UnikernelOutputs(opam: opam, prefix: layout.prefix, backend: backend)
    }

    /// Captures the installed files as a layer.
    ///
    /// - Throws: `PackageFailure` if they exceed the limits of a layer; `Failure`.
    func capture(into layers: LayerStore) async throws -> Digest {
        progress("capture")
        do {
            return try await backend.capture(into: layers)
        } catch let failure as Failure where failure.category == .input {
            throw PackageFailure(.install, failure.diagnostics.first?.message ?? failure.description)
        }
    }

    /// The changes that opam would record: for a package with install commands, everything that they changed; otherwise
    /// the files from its `.install` file and its `.config` file.
    ///
    /// - Parameter config: The size of the `.config` file, if there is one.
    private func changes(_ found: InstalledChanges, _ installation: Installation?, config: Int?) -> ChangesFile {
        guard recipe.install.isEmpty else { return ChangesFile(changes: found.all(), time: 1) }
        var changes: [FilePath: ChangesFile.Change] = [:]
        let directories = (installation?.directories ?? []).map { FilePath($0) }
        for path in directories + (installation?.entries.map(\.destination) ?? []) {
            guard path.hasPrefix(layout.prefix + "/") else { continue }
            let relative = FilePath(bytes: path.bytes.dropFirst(layout.prefix.utf8.count + 1))
            changes[relative] = found.change(of: relative)
        }
        if let config { changes[FilePath(".opam-switch/config/\(name).config")] = .added(.file(size: config)) }
        return ChangesFile(changes: changes, time: 1)
    }
}

extension Step {
    /// The command on one line, for display.
    var commandLine: String {
        let lines = script.split(separator: "\n").map { $0.drop { $0 == " " } }
        let line = lines.first { !$0.isEmpty && !$0.hasPrefix("#") } ?? ""
        return String(line.hasPrefix("exec ") ? line.dropFirst("exec ".count) : line)
    }
}
