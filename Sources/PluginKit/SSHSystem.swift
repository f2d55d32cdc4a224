public import PluginMessages

/// A system that is reached by ssh and has one package manager: what the BSDs and macOS share.
///
/// ```swift
/// let haiku = SSHSystem(
///     directory: "/boot/home/ciso", path: "/bin:/boot/system/bin", shell: Shell(family: .bash),
///     packages: ["git", "make"], osVersion: "uname -r", manager: PackageManager(install: #"pkgman install -y "$@""#))
/// ```
public struct SSHSystem: Sendable {
    /// The directory of ours on the host; everything is below it.
    public var directory: String
    /// `PATH` of every step.
    public var path: String
    /// The shell of the host.
    public var shell: Shell
    /// What every environment has.
    public var packages: [String]
    /// The system's package of OCaml.
    public var compiler: String
    /// GNU make's name.
    public var make: String
    /// A command that prints opam's `os-version`; nil: not compared.
    public var osVersion: String?
    /// The package manager of the host.
    public var manager: PackageManager
    /// Run before the environment's packages are installed.
    public var prelude: String
    /// What a virtual machine with the system needs; nil: the system is not known to run in one.
    public var machine: MachineDescription?

    public init(
        directory: String, path: String, shell: Shell, packages: [String], compiler: String = "ocaml",
        make: String = "make", osVersion: String? = nil, manager: PackageManager, prelude: String = "",
        machine: MachineDescription? = nil
    ) {
        self.directory = directory
        self.path = path
        self.shell = shell
        self.packages = packages
        self.compiler = compiler
        self.make = make
        self.osVersion = osVersion
        self.manager = manager
        self.prelude = prelude
        self.machine = machine
    }

    /// Packages to add to every environment, and the version of the system's own OCaml.
    public static let options = [RootSystem.packagesOption, SystemCompilerOption.option]

    /// The words that make the login user root, where the system has none of its own.
    public static func elevationOption(default words: String, summary: String) -> PluginOption {
        PluginOption("elevation", .words, default: words, summary: summary)
    }

    /// The description of a target.
    ///
    /// - Throws: `Refusal` if the system's compiler is wanted and its version not known.
    public func target(_ request: CheckedRequest, _ variables: OpamVariables) throws -> TargetDescription {
        let version = try SystemCompilerOption.version(request)
        let wanted = Set(packages + request.words("packages")).union(version == nil ? [] : [compiler])
        let elevation = request.words("elevation")
        return TargetDescription(
            target: request.request.target,
            variables: variables.dictionary(architecture: request.request.architecture, systemCompiler: version),
            buildVariables: ["make": make], systemCompiler: request[SystemCompilerOption.option.name],
            installedPackages: wanted.sorted(),
            environment: EnvironmentDescription(
                kind: .host,
                bootstrap: [
                    SSHHost.makeDirectories(base: directory),
                    manager.step(wanted.sorted(), named: "install-base", phase: .bootstrap, prelude: prelude),
                ],
                probe: SSHHost.probe(version: osVersion, systemCompiler: version != nil),
                shell: Shell(
                    path: shell.path, arguments: shell.arguments, family: shell.family,
                    elevation: elevation.isEmpty ? shell.elevation : elevation),
                paths: SSHHost.paths(base: directory), buildUser: BuildUser(name: "ciso"),
                environment: SSHHost.environment(base: directory, path: path)),
            machine: machine)
    }

    /// What sets the clock of a BSD, in a virtual machine that continues from a saved state.
    public static let setClockOfBSD = #"date -u "$(date -u -r "$CISO_TIME" +%Y%m%d%H%M.%S)" >/dev/null"#
}
