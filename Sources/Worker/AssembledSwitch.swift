internal import Archive
internal import Core
internal import Foundation
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages
internal import RunnerInterface

/// The switch in which a job is built: the layers of its inputs, and opam's state of the whole switch.
struct AssembledSwitch: Sendable {
    /// A package installed in the switch.
    private struct Member: Sendable {
        var package: PackageVersion
        var opam: OpamFile
        var config: [String: VariableValue]
    }

    let layout: SwitchLayout
    /// Unpacked layers of the inputs, dependencies first.
    let layers: [String]
    private let members: [Member]

    /// The layers with the packages that they belong to, topmost first.
    var owned: [OwnedLayer] {
        zip(layers, members).reversed().map { OwnedLayer(directory: $0, owner: $1.package.description) }
    }
    /// Variables with the same value for every package.
    private let global: [String: String]
    private let jobs: Int
    private let user: String

    /// Reads the state of the inputs of `request`.
    ///
    /// - Parameters:
    ///   - layers: The unpacked layers, one for each input.
    ///   - jobs: The number of processors that a build may use.
    /// - Throws: `Failure` if an opam file cannot be read.
    init(_ request: JobRequest, layers: [String], in target: TargetEnvironment, jobs: Int) throws(Failure) {
        layout = target.layout
        self.jobs = jobs
        user = target.environment.buildUser.name
        var global = target.description.buildVariables.merging(request.target.variables) { _, variable in variable }
        global["user"] = user
        global["group"] = user
        global["opam-version"] = global["opam-version"] ?? Self.opamVersion
        self.global = global
        var members: [Member] = []
        var used: [String] = []
        let keepsOwn = request.job.package.backend != nil && UnikernelOutputs.runsImage(request.files)
        for (input, layer) in zip(request.inputs, layers)
        where input.job.package.name != request.job.package.name || keepsOwn {
            let package = input.job.package
            members.append(
                Member(
                    package: package, opam: try Self.opamFile(input.files, of: package),
                    config: try Self.config(of: package.name, in: layer, target.layout)))
            used.append(layer)
        }
        self.members = members
        self.layers = used
    }

    /// The version of opam whose rules the recipes follow.
    private static let opamVersion = "2.1.2"

    static func opamFile(_ files: PackageFiles, of package: PackageVersion) throws(Failure) -> OpamFile {
        do {
            return try OpamFile(parsing: files.opam, file: "\(package)/opam")
        } catch {
            throw Failure(.unavailable, "the opam file of \(package) cannot be read: \(error)")
        }
    }

    private static func config(of name: String, in layer: String, _ layout: SwitchLayout) throws(Failure)
        -> [String: VariableValue]
    {
        let file = "\(layout.metadata)/config/\(name).config"
        guard let bytes = try readPlainFile(FilePath(file), below: layer),
            let config = try? ConfigFile(parsing: bytes, file: file)
        else {
            return [:]
        }
        return Dictionary(config.variables.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// The variables of a package's commands in this switch.
    func variables(of package: PackageVersion, opam: OpamFile, depends: [String] = [], withTests: Bool = false)
        -> PackageVariables
    {
        let dependencies = members.map { member in
            (
                member.package.name,
                PackageVariables.Dependency(
                    version: member.package.version, hash: member.opam.url?.checksums.first?.description,
                    variables: member.config)
            )
        }
        return PackageVariables(
            of: package.name, version: package.version, hash: opam.url?.checksums.first?.description, depends: depends,
            in: layout, global: global, dependencies: Dictionary(dependencies, uniquingKeysWith: { first, _ in first }),
            jobs: jobs, withTests: withTests)
    }

    /// The environment changes of the packages (`setenv`), in opam's order: reverse alphabetical.
    var environmentChanges: [EnvironmentChange] {
        members.sorted { $1.package.name < $0.package.name }.flatMap { member in
            member.opam.environment.expanded(in: variables(of: member.package, opam: member.opam))
        }
    }

    /// opam's state of the switch.
    ///
    /// - Parameter roots: The packages that were requested.
    func state(roots: Set<PackageVersion>) -> SwitchState {
        let installed = members.map { member in
            SwitchState.Installed(
                name: member.package.name, version: member.package.version, isRoot: roots.contains(member.package),
                isCompiler: member.opam.flags.contains("compiler"))
        }
        return SwitchState(layout: layout, installed: installed, environment: environmentChanges, user: user)
    }
}
