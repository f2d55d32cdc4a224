public import PluginMessages

/// What Linux distributions whose root file system is made by a worker have in common.
///
/// ```swift
/// let void = RootSystem(packages: ["base-devel", "git"], tools: [Tool("xbps-install")], isRolling: true)
///
/// func target(_ request: CheckedRequest) throws -> TargetDescription {
///     let variables = OpamVariables(os: "linux", distribution: "void", family: "void", version: "rolling")
///     return try void.target(request, variables) { packages in [unpack(packages), LinuxRoot.createUser] }
/// }
/// ```
public struct RootSystem: Sendable {
    /// The packages of every environment.
    public var packages: [String]
    /// The distribution's packages of OCaml, for cells that are built with it.
    public var compiler: [String]
    /// The distribution's package of the opam client, for jobs that use it.
    public var client: String
    /// Programs that the worker needs to make the root file system.
    public var tools: [Tool]
    /// The shell of the root file system.
    public var shell: Shell
    /// Whether the distribution has no releases, so that the version in its `os-release` is not compared.
    public var isRolling: Bool

    public init(
        packages: [String], compiler: [String] = ["ocaml", "ocaml-compiler-libs"], client: String = "opam",
        tools: [Tool], shell: Shell = LinuxRoot.shell, isRolling: Bool = false
    ) {
        self.packages = packages
        self.compiler = compiler
        self.client = client
        self.tools = tools
        self.shell = shell
        self.isRolling = isRolling
    }

    /// Packages to add to every environment.
    public static let packagesOption = PluginOption(
        "packages", .words, default: "", summary: "Packages to add to every environment.")

    /// The options of packages for every environment, and of the versions of the distribution's own OCaml and opam.
    public static let options = [packagesOption, SystemCompilerOption.option, OpamClientOption.option]

    /// The description of a target.
    ///
    /// - Parameter bootstrap: returns the steps that make a root file system with some packages, which are sorted, and
    ///   the build user.
    /// - Throws: `Refusal` if the distribution's compiler or client is requested and its version is unknown; the error
    ///   of `bootstrap`.
    public func target(
        _ request: CheckedRequest, _ variables: OpamVariables, bootstrap: (_ packages: [String]) throws -> [Step]
    ) throws -> TargetDescription {
        try target(
            request, variables, ocaml: request[SystemCompilerOption.option.name],
            compiler: SystemCompilerOption.version(request), opam: OpamClientOption.version(request),
            bootstrap: bootstrap)
    }

    /// The description of a target whose versions are known to the plugin.
    ///
    /// - Parameters:
    ///   - ocaml: the version of the distribution's OCaml, requested or not.
    ///   - version: that version if requested.
    ///   - opam: the version of the distribution's opam if requested.
    func target(
        _ request: CheckedRequest, _ variables: OpamVariables, ocaml: String?, compiler version: String?,
        opam: String?, bootstrap: (_ packages: [String]) throws -> [Step]
    ) rethrows -> TargetDescription {
        let wanted = Set(packages + request.words(Self.packagesOption.name))
            .union(version == nil ? [] : compiler).union(opam == nil ? [] : [client])
        return TargetDescription(
            target: request.request.target,
            variables: variables.dictionary(architecture: request.request.architecture, systemCompiler: version),
            buildVariables: ["make": "make"], systemCompiler: ocaml, opamClient: opam,
            installedPackages: wanted.sorted(),
            environment: EnvironmentDescription(
                kind: .rootFileSystem, bootstrap: try bootstrap(wanted.sorted()),
                probe: LinuxRoot.probe(systemCompiler: version != nil, rolling: isRolling), tools: tools,
                inputs: OpamClientOption.inputs(opam), shell: shell, paths: LinuxRoot.paths,
                buildUser: LinuxRoot.user, environment: LinuxRoot.environment))
    }
}
