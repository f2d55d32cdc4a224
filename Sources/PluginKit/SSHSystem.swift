public import PluginMessages

/// What the BSDs and macOS have in common: systems that are reached by ssh and have one package manager.
///
/// ```swift
/// let haiku = SSHSystem(
///     directory: "/boot/home/ciso", path: "/bin:/boot/system/bin", shell: Shell(family: .bash),
///     packages: ["git", "make"], osVersion: "uname -r", manager: PackageManager(install: #"pkgman install -y "$@""#))
/// ```
public struct SSHSystem: Sendable {
    /// The directory for our files on the host.
    public var directory: String
    /// `PATH` of every step.
    public var path: String
    /// The shell of the host.
    public var shell: Shell
    /// The packages of every environment.
    public var packages: [String]
    /// The system's package of OCaml.
    public var compiler: String
    /// The name of GNU make.
    public var make: String
    /// A command that prints opam's `os-version`; nil to skip the comparison.
    public var osVersion: String?
    /// The package manager of the host.
    public var manager: PackageManager
    /// Commands to run before the environment's packages are installed.
    public var prelude: String
    /// The requirements of a virtual machine with the system; nil if it is not known to run in one.
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

    /// The options of packages for every environment, and of the version of the system's own OCaml.
    public static let options = [RootSystem.packagesOption, SystemCompilerOption.option]

    /// The option of the words that give the login user root privileges, for systems without a default.
    public static func elevationOption(default words: String, summary: String) -> PluginOption {
        PluginOption("elevation", .words, default: words, summary: summary)
    }

    /// The description of a target.
    ///
    /// - Throws: `Refusal` if the system's compiler is requested and its version is unknown.
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

    /// The script that sets the clock of a BSD in a virtual machine that resumes from a saved state.
    public static let setClockOfBSD = #"date -u "$(date -u -r "$CISO_TIME" +%Y%m%d%H%M.%S)" >/dev/null"#
}
