internal import Core
internal import Documents
internal import Executor
internal import Foundation
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages

/// One package being built in one place: its source is laid out, the plugin's steps are run, the result is recorded as
/// opam records it.
struct BuildSession {
    let recipe: BuildRecipe
    let variables: PackageVariables
    let target: TargetEnvironment
    let place: any BuildPlace
    let limits: Limits
    let log: JobLog
    let progress: @Sendable (String) -> Void

    /// A step that did not end well.
    struct StepFailure: Error {
        var phase: Phase
        var name: String
        var result: CommandResult
        /// Where in the log the step's output starts.
        var logStart: Int
        /// What is to be read instead of that, where the step printed more than what failed.
        var output: String?
    }

    private var layout: SwitchLayout { variables.layout }
    private var name: String { variables.name }

    // MARK: Source

    /// Unpacks the source, puts further files beside it, expands templates and applies patches.
    ///
    /// - Parameters:
    ///   - source: the archive's name in the staging directory, if the package has one.
    ///   - placed: files to put into the build directory, by name, with their names in the staging directory.
    func layOut(source: String?, isArchive: Bool, placed: [(name: String, staged: String)]) async throws {
        let unpack = SourceScripts.unpack(
            source.map { "\(place.inputs)/\($0)" }, name: recipe.source.map { lastComponent($0.url) } ?? "",
            subpath: recipe.source?.subpath, isArchive: isArchive, to: recipe.directory)
        let copies = SourceScripts.place(placed.map { ($0.name, "\(place.inputs)/\($0.staged)") })
        let patches = recipe.patchTemplates.isEmpty ? SourceScripts.apply(recipe.patches) : ""
        let script = unpack + "cd \(ShellWord.quoted(recipe.directory))\n" + copies + patches
        try await run(ownStep("unpack", .configure, script, directory: layout.prefix))
        if !recipe.patchTemplates.isEmpty {
            try await expand(recipe.patchTemplates)
            try await run(ownStep("patch", .configure, SourceScripts.apply(recipe.patches)))
        }
        try await expand(recipe.templates)
    }

    /// Makes each of `names` from the file of that name with `.in` behind it.
    private func expand(_ names: [String]) async throws {
        guard !names.isEmpty else { return }
        var expanded: [(name: String, path: String)] = []
        for (number, name) in names.enumerated() {
            guard let template = try await place.read("\(recipe.directory)/\(name).in") else {
                throw PackageFailure(.configure, "\(recipe.package): substs: there is no file '\(name).in'")
            }
            let staged = "expanded-\(number)"
            try await place.stage(Template.expand(template, variables: variables), as: staged)
            expanded.append((name, "\(place.inputs)/\(staged)"))
        }
        try await run(ownStep("substitute", .configure, SourceScripts.place(expanded)))
    }

    // MARK: Steps

    /// Runs the plugin's steps of `phases`.
    func run(_ steps: [Step], phases: Set<Step.Phase>) async throws {
        for step in steps where phases.contains(step.phase) {
            try await run(step)
        }
    }

    private func run(_ step: Step) async throws {
        progress(step.phase.rawValue)
        log.note("\(step.name): \(step.script.split(separator: "\n").first ?? "")")
        let start = log.size
        let result = await place.run(step, limits: limits) { [log] in log.append($0) }
        if result.ending == .cancelled { throw CancellationError() }
        guard result.succeeded else {
            log.note("\(step.name): \(result.ending)")
            throw StepFailure(
                phase: Phase(rawValue: step.phase.rawValue) ?? .build, name: step.name, result: result, logStart: start)
        }
    }

    /// A step that every target shares.
    private func ownStep(_ name: String, _ phase: Step.Phase, _ script: String, directory: String? = nil) -> Step {
        Step(name, phase: phase, script: script, directory: directory ?? recipe.directory)
    }

    // MARK: Result

    /// Installs what the `.install` file asks for, and records the package in the switch.
    func installAndRecord(_ files: PackageFiles) async throws {
        let (installFile, configFile) = ("\(name).install", "\(name).config")
        var installation: Installation?
        let installBytes = try await place.read("\(recipe.directory)/\(installFile)")
        if let installBytes {
            let parsed: InstallFile
            do {
                parsed = try InstallFile(parsing: installBytes, file: installFile)
            } catch {
                throw PackageFailure(.configure, "\(error)")
            }
            let entries = try PackageFailure.blamingRecipe { try Installation(parsed, of: name, in: layout) }
            installation = entries
            try await run(ownStep("install-files", .install, InstallScript(entries).text))
        }
        let configBytes = try await place.read("\(recipe.directory)/\(configFile)")
        let changes = changes(try await place.installedChanges(), installation, config: configBytes?.count)
        var records = [
            "packages/\(recipe.package)/opam": recipe.recorded(files.opam),
            "install/\(name).changes": Array(changes.text.utf8),
        ]
        if installation?.entries.isEmpty == false { records["install/\(installFile)"] = installBytes }
        for (file, bytes) in recipe.files { records["packages/\(recipe.package)/files/\(file)"] = bytes }
        records["config/\(configFile)"] = configBytes
        try await place.record(
            Dictionary(uniqueKeysWithValues: records.map { ("\(layout.metadata)/\($0)", $1) }), perform: run)
    }

    /// Makes of what the client recorded what the runner itself would have: the original opam file, and the time that
    /// layers give every file.
    func recordClientInstallation(_ files: PackageFiles) async throws {
        let changes = "\(layout.metadata)/install/\(name).changes"
        var records = ["\(layout.metadata)/packages/\(recipe.package)/opam": recipe.recorded(files.opam)]
        records[changes] = try await place.read(changes).map { written in
            let text = String(decoding: written, as: UTF8.self)
            return Array(text.replacing(/(F:S[0-9]+T)[0-9.]+/) { "\($0.output.1)1." }.utf8)
        }
        try await place.record(records, perform: run)
    }

    /// Keeps what the package installed as a layer.
    ///
    /// - Throws: `PackageFailure` where that is more than a layer may hold; `Failure`.
    func capture(into layers: LayerStore) async throws -> Digest {
        progress("capture")
        do {
            return try await place.capture(into: layers)
        } catch let failure as Failure where failure.kind == .input {
            throw PackageFailure(.install, failure.diagnostics.first?.message ?? failure.description)
        }
    }

    /// What opam would have recorded: for a package with commands to install it, all that they changed; for one
    /// without, the files of its `.install` file and its `.config` file.
    ///
    /// - Parameter config: the size of the `.config` file, where there is one.
    private func changes(_ found: InstalledChanges, _ installation: Installation?, config: Int?) -> ChangesFile {
        guard recipe.install.isEmpty else { return ChangesFile(changes: found.all(), time: 1) }
        var changes: [String: ChangesFile.Change] = [:]
        for path in (installation?.directories ?? []) + (installation?.entries.map(\.destination) ?? []) {
            guard path.hasPrefix(layout.prefix + "/") else { continue }
            let relative = String(path.dropFirst(layout.prefix.count + 1))
            changes[relative] = found.change(of: relative)
        }
        if let config { changes[".opam-switch/config/\(name).config"] = .added(.file(size: config)) }
        return ChangesFile(changes: changes, time: 1)
    }
}

/// What follows the last slash, without a query.
func lastComponent(_ url: String) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    return path.split(separator: "/").last.map(String.init) ?? "source"
}
