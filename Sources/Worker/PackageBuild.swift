internal import Archive
internal import Core
internal import Foundation
internal import Layers
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages
internal import Supervision
internal import System

/// One package being built in one place: its source is laid out, the plugin's steps are run, the result is recorded as
/// opam records it.
struct PackageBuild {
    let recipe: BuildRecipe
    let variables: PackageVariables
    let target: TargetEnvironment
    let backend: any BuildBackend
    let staged: StagedSources
    /// Whether the opam client carries out the recipe.
    let isClient: Bool
    /// Paths below the prefix that the package may change although they are another's.
    let allowedOverwrites: [Glob]
    let limits: Limits
    let log: JobLog
    let progress: @Sendable (String) -> Void

    /// A step that did not end well.
    struct StepFailure: Error {
        var phase: Phase
        var name: String
        /// What was run, for people.
        var command: String
        var result: CommandResult
        /// What the step printed; where it printed more than what failed, that part.
        var output: String
        /// Where in the job's log it is; nil where the step ran for another job.
        var section: JobLog.Section?
        /// Whether `output` is all that the step printed.
        var isWholeOutput = true
        /// What the runner calls files of the package, and what the package calls them.
        var replacements: [(text: String, name: String)] = []
    }

    private var layout: SwitchLayout { variables.layout }
    private var name: String { variables.name }

    // MARK: Source

    /// Unpacks the source, puts further files beside it, expands templates and applies patches.
    func layOut() async throws {
        let placed = staged.placed
        let archive = staged.archive.map {
            (path: "\(backend.inputs)/\($0)", name: lastComponent(recipe.source?.url ?? $0))
        }
        let unpack = SourceScripts.unpack(archive, subpath: recipe.source?.subpath, to: recipe.directory)
        let unpacking = ownStep("unpack", .configure, unpack, directory: layout.prefix)
        if let archive {
            try await runOwn(unpacking, as: .fetch, title: "unpack \(archive.name)")
        } else {
            try await place(
                [FilePath(recipe.directory): .directory], or: unpacking, as: .fetch, title: "make the build directory")
        }
        let copies = SourceScripts.place(placed.map { ($0.name, "\(backend.inputs)/\($0.staged)") })
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

    /// Makes each of `names` from the file of that name with `.in` behind it.
    private func expand(_ names: [FilePath]) async throws {
        guard !names.isEmpty else { return }
        var expanded: [(name: FilePath, path: String)] = []
        var entries: [(name: FilePath, entry: PlacedEntry)] = []
        for (number, name) in names.enumerated() {
            let place = FilePath(recipe.directory).appending(FilePath(bytes: name.bytes + Array(".in".utf8)))
            guard let template = try await backend.read(place) else {
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
            inBuildDirectory(entries), or: ownStep("substitute", .configure, SourceScripts.place(expanded)),
            title: "expand \(names.map(\.description).joined(separator: " "))")
    }

    /// Entries by absolute path; of those with equal names the last counts, as where they are copied in turn.
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

    /// A step of the plugin's: the package's own commands, but for those of root.
    private func run(_ step: Step) async throws {
        let isOfPackage = step.user == .build && !isClient
        let protection = BuildProtection(layout, directory: recipe.directory, installs: step.phase == .install)
        try await run(step, as: nil, title: step.commandLine, isOfPackage ? protection : nil)
    }

    /// A step of the runner's.
    ///
    /// - Parameters:
    ///   - phase: what the step is part of, where the plugins' phases have no word for it.
    ///   - title: what it does, for people.
    private func runOwn(_ step: Step, as phase: Phase? = nil, title: String) async throws {
        try await run(step, as: phase, title: title, nil)
    }

    /// Adds files without a command where that is possible, else by `step`; the log is the same.
    private func place(
        _ entries: [FilePath: PlacedEntry], or step: Step, as phase: Phase? = nil, title: String
    ) async throws {
        guard try await backend.place(entries) else { return try await runOwn(step, as: phase, title: title) }
        noteDone(step.name, step.phase, as: phase, title: title)
    }

    /// Writes to the log that the runner itself did what is usually a step.
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

    /// The paths that the package's files have among the inputs, and the package's own names for them.
    private var stagedPaths: [(text: String, name: String)] {
        staged.names.sorted { $1.key.count < $0.key.count }.map { ("\(backend.inputs)/\($0.key)", $0.value) }
            + [("\(recipe.directory).unpacked/", "")]
    }

    /// What keeps even a trivial command from working in a new place of the same kind; nil where it works. Tells a failure of
    /// the package from one of the machine.
    func problemOfBackend() async -> String? {
        let folder = ShellWord.quoted("\(recipe.directory).trial")
        let trial = ownStep(
            "trial", .build, "umask 022\nmkdir -p \(folder)\necho works >\(folder)/file\ncat \(folder)/file\n",
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

    /// A step that every target shares.
    private func ownStep(_ name: String, _ phase: Step.Phase, _ script: String, directory: String? = nil) -> Step {
        Step(name, phase: phase, script: script, directory: directory ?? recipe.directory)
    }

    // MARK: Result

    /// Installs what the `.install` file asks for, and records the package in the switch.
    ///
    /// - Returns: files of other packages that it changed, as the matrix allows.
    /// - Throws: `PackageFailure` for others.
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
        let folder = FilePath("packages/\(recipe.package)/files")
        for (file, bytes) in recipe.files { records[folder.appending(file)] = bytes }
        records[FilePath("config/\(name).config")] = configBytes
        try await record(
            Dictionary(uniqueKeysWithValues: records.map { (FilePath(layout.metadata).appending($0), $1) }))
        return overwrites
    }

    /// The package's `.install` file. What opam ignores in it is ignored, and named in the log.
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

    /// The package's `.config` file. What opam ignores in it is named in the log.
    ///
    /// - Throws: `PackageFailure` where opam does not install a package with such a file.
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

    /// Says in the log what the package wrote where only a sandbox keeps it from writing.
    private func noteLostFiles() async throws {
        let lost = try await backend.filesInHome(limit: 10)
        guard !lost.isEmpty else { return }
        log.note(
            "warning: files outside of the switch are lost, and opam's own sandbox forbids to write them: "
                + lost.joined(separator: " "))
    }

    /// Finds what the package changed of what belongs to others.
    ///
    /// - Returns: what of that is allowed.
    /// - Throws: `PackageFailure` for the rest.
    private func checkOverwrites(_ changes: InstalledChanges) throws -> [CellResult.Overwrite] {
        let length = layout.prefix.count + 1
        var excluded = Set(layout.discarded.map { String($0.dropFirst(length)) })
        // The client lays its own opam files over those of the inputs.
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

    /// Makes of what the client recorded what the runner itself would have: the original opam file, and the time that
    /// layers give every file.
    ///
    /// - Returns, throws: as `installAndRecord`.
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

    /// Keeps what the package installed as a layer.
    ///
    /// - Throws: `PackageFailure` where that is more than a layer may hold; `Failure`.
    func capture(into layers: LayerStore) async throws -> Digest {
        progress("capture")
        do {
            return try await backend.capture(into: layers)
        } catch let failure as Failure where failure.category == .input {
            throw PackageFailure(.install, failure.diagnostics.first?.message ?? failure.description)
        }
    }

    /// What opam would have recorded: for a package with commands to install it, all that they changed; for one
    /// without, the files of its `.install` file and its `.config` file.
    ///
    /// - Parameter config: the size of the `.config` file, where there is one.
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
    /// What it runs, on one line, for people.
    var commandLine: String {
        let lines = script.split(separator: "\n").map { $0.drop { $0 == " " } }
        let line = lines.first { !$0.isEmpty && !$0.hasPrefix("#") } ?? ""
        return String(line.hasPrefix("exec ") ? line.dropFirst("exec ".count) : line)
    }
}

/// What follows the last slash, without a query.
func lastComponent(_ url: String) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    return path.split(separator: "/").last.map(String.init) ?? "source"
}
