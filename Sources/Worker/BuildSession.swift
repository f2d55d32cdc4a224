internal import Core
internal import Documents
internal import Executor
internal import Foundation
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages

/// One package being built in one sandbox: its source is laid out, the plugin's steps are run, the result is recorded
/// as opam records it.
struct BuildSession {
    let recipe: BuildRecipe
    let variables: PackageVariables
    let target: TargetEnvironment
    let sandbox: Sandbox
    /// A directory of this machine that is seen read-only inside, as `inputs`.
    let staging: String
    let limits: Limits
    let log: JobLog
    let progress: @Sendable (String) -> Void

    /// Where `staging` is seen.
    static let inputs = "/ciso"

    /// A step that did not end well.
    struct StepFailure: Error {
        var phase: Step.Phase
        var name: String
        var result: CommandResult
        /// Where in the log the step's output starts.
        var logStart: Int
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
            source.map { "\(Self.inputs)/\($0)" }, name: recipe.source.map { lastComponent($0.url) } ?? "",
            subpath: recipe.source?.subpath, isArchive: isArchive, to: recipe.directory)
        let place = SourceScripts.place(placed.map { ($0.name, "\(Self.inputs)/\($0.staged)") })
        let patches = recipe.patchTemplates.isEmpty ? SourceScripts.apply(recipe.patches) : ""
        let script = unpack + "cd \(ShellWord.quoted(recipe.directory))\n" + place + patches
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
            guard let template = readPlainFile("\(recipe.directory)/\(name).in", below: sandbox.changes) else {
                throw RecipeError(description: "\(recipe.package): substs: there is no file '\(name).in'")
            }
            let staged = "expanded-\(number)"
            let bytes = Template.expand(template, variables: variables)
            try stage(bytes, as: staged)
            expanded.append((name, "\(Self.inputs)/\(staged)"))
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
        let result = await sandbox.run(target.command(step, limits: limits)) { [log] in log.append($0) }
        if result.ending == .cancelled { throw CancellationError() }
        guard result.succeeded else {
            log.note("\(step.name): \(result.ending)")
            throw StepFailure(phase: step.phase, name: step.name, result: result, logStart: start)
        }
    }

    /// A step that every target shares.
    private func ownStep(_ name: String, _ phase: Step.Phase, _ script: String, directory: String? = nil) -> Step {
        Step(name, phase: phase, script: script, directory: directory ?? recipe.directory)
    }

    // MARK: Result

    /// Installs what the `.install` file asks for, and records the package in the switch.
    func installAndRecord(_ files: PackageFiles) async throws {
        let file = "\(name).install"
        var installation: Installation?
        if let bytes = readPlainFile("\(recipe.directory)/\(file)", below: sandbox.changes) {
            let parsed: InstallFile
            do {
                parsed = try InstallFile(parsing: bytes, file: file)
            } catch {
                throw RecipeError(description: "\(error)")
            }
            let entries = try Installation(parsed, of: name, in: layout)
            installation = entries
            try await run(ownStep("install-files", .install, InstallScript(entries).text))
        }
        try stage(Array(try changes(installation).text.utf8), as: "changes")
        try stage(files.opam, as: "opam")
        let hasEntries = installation?.entries.isEmpty == false
        try await run(ownStep("record", .install, recordScript(copyingInstallFile: hasEntries)))
    }

    private var configFile: String? {
        let file = "\(name).config"
        return readPlainFile("\(recipe.directory)/\(file)", below: sandbox.changes) == nil ? nil : file
    }

    private func recordScript(copyingInstallFile: Bool) -> String {
        let metadata = ShellWord.quoted(layout.metadata)
        let package = ShellWord.quoted(recipe.package)
        var lines = [
            "umask 022", "mkdir -p \(metadata)/packages/\(package) \(metadata)/install \(metadata)/config",
            "cp \(Self.inputs)/opam \(metadata)/packages/\(package)/opam",
            "cp \(Self.inputs)/changes \(metadata)/install/\(ShellWord.quoted("\(name).changes"))",
        ]
        if copyingInstallFile {
            let file = ShellWord.quoted("\(name).install")
            lines.append("install -m 644 ./\(file) \(metadata)/install/\(file)")
        }
        if let configFile {
            let file = ShellWord.quoted(configFile)
            lines.append("install -m 644 ./\(file) \(metadata)/config/\(file)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What opam would have recorded: for a package with commands to install it, all that they changed; for one
    /// without, the files of its `.install` file and its `.config` file.
    private func changes(_ installation: Installation?) throws -> ChangesFile {
        let lowers = sandbox.layout.layers.reversed() + [sandbox.layout.base]
        let found = InstalledChanges(upper: sandbox.changes, lowers: Array(lowers), prefix: layout.prefix)
        guard recipe.install.isEmpty else { return ChangesFile(changes: found.all(), time: 1) }
        var changes: [String: ChangesFile.Change] = [:]
        for path in (installation?.directories ?? []) + (installation?.entries.map(\.destination) ?? []) {
            guard path.hasPrefix(layout.prefix + "/") else { continue }
            let relative = String(path.dropFirst(layout.prefix.count + 1))
            changes[relative] = found.change(of: relative)
        }
        if let configFile, let bytes = readPlainFile("\(recipe.directory)/\(configFile)", below: sandbox.changes) {
            changes[".opam-switch/config/\(configFile)"] = .added(.file(size: bytes.count))
        }
        return ChangesFile(changes: changes, time: 1)
    }

    private func stage(_ bytes: [UInt8], as name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(staging)/\(name)"))
    }
}

/// What follows the last slash, without a query.
func lastComponent(_ url: String) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    return path.split(separator: "/").last.map(String.init) ?? "source"
}
