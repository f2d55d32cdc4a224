public import PluginMessages

/// A Linux distro whose root file system a worker makes: what all of them share.
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
    /// What every environment has.
    public var packages: [String]
    /// The distro's packages of OCaml, for cells that build with it.
    public var compiler: [String]
    /// The distro's package of the opam client, for jobs that it carries out.
    public var client: String
    /// What the worker needs to make the root.
    public var tools: [Tool]
    /// The shell of the root file system.
    public var shell: Shell
    /// Whether the distro has no releases, so that the version in its `os-release` is not compared.
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

    /// Packages to add to every environment, and the versions of the distro's own OCaml and opam.
    public static let options = [packagesOption, SystemCompilerOption.option, OpamClientOption.option]

    /// The description of a target.
    ///
    /// - Parameter bootstrap: the steps that make a root with some packages, sorted, and the build user.
    /// - Throws: `Refusal` where the distro's compiler or client is wanted and its version not known; what `bootstrap` throws.
    public func target(
        _ request: CheckedRequest, _ variables: OpamVariables, bootstrap: (_ packages: [String]) throws -> [Step]
    ) throws -> TargetDescription {
        try target(
            request, variables, ocaml: request[SystemCompilerOption.option.name],
            compiler: SystemCompilerOption.version(request), opam: OpamClientOption.version(request),
            bootstrap: bootstrap)
    }

    /// The same where the plugin itself knows the versions.
    ///
    /// - Parameters:
    ///   - ocaml: the distro's, wanted or not.
    ///   - version: the same where the request wants it.
    ///   - opam: the distro's where the request wants it.
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
