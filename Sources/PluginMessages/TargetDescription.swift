/// Which target is meant: the request of `target`, and part of the requests that depend on it.
///
/// The planner makes one for every (target, system compiler or not) of a plan and sends exactly it with every later
/// call, so that an answer never depends on an earlier one.
public struct TargetRequest: Codable, Hashable, Sendable {
    /// As in the matrix: `debian-12`, `archlinux`.
    public var target: String
    /// The distro's name as in ``Distribution/name``: `debian`.
    public var distribution: String
    /// What follows in the target's name: `12`. Absent if the name has no version.
    public var version: String?
    /// In opam's spelling: `x86_64`, `arm64`.
    public var architecture: String
    /// True where the environment is to have the distro's own OCaml (`ocaml-system`), false if opam builds one.
    public var systemCompiler: Bool
    /// True where the environment is to have the distro's opam client too, for jobs that it carries out. Absent: not.
    public var opamClient: Bool?
    /// From the matrix, by name; only those that were set.
    public var options: [String: String]

    public init(
        target: String, distribution: String, version: String?, architecture: String, systemCompiler: Bool = false,
        opamClient: Bool? = nil, options: [String: String] = [:]
    ) {
        self.target = target
        self.distribution = distribution
        self.version = version
        self.architecture = architecture
        self.systemCompiler = systemCompiler
        self.opamClient = opamClient
        self.options = options
    }
}

/// Everything that planning and running need to know of a target: the answer to `target`.
public struct TargetDescription: Codable, Hashable, Sendable {
    /// As in the request.
    public var target: String
    /// Opam's variables for formulas and filters, as opam itself reports them there: `arch`, `os`, `os-distribution`,
    /// `os-family`, `os-version`, and `sys-ocaml-arch`, `-cc`, `-libc`, `-system`, `-version`, which are empty unless
    /// ``TargetRequest/systemCompiler`` asked for the distro's compiler.
    public var variables: [String: String]
    /// Variables that only commands use, never the solver: `make` (`gmake` on the BSDs).
    public var buildVariables: [String: String]
    /// The version of the OCaml that the distro ships, whether asked for or not: `4.13.1`. Absent: it has none, or the
    /// plugin cannot know.
    public var systemCompiler: String?
    /// The version of the opam client in the environment, as `opam --version` prints it. Absent: none was asked for,
    /// or there is none.
    public var opamClient: String?
    /// The distro's packages that the bootstrap installs, for `ci plugin depexts --against`; no part of a job's id. Absent:
    /// they are not compared.
    public var installedPackages: [String]?
    /// The environment that packages are built in.
    public var environment: EnvironmentDescription
    /// What a virtual machine with the system needs, for the kind `host`. Absent: the matrix says it.
    public var machine: MachineDescription?

    public init(
        target: String, variables: [String: String], buildVariables: [String: String] = [:],
        systemCompiler: String? = nil, opamClient: String? = nil, installedPackages: [String]? = nil,
        environment: EnvironmentDescription, machine: MachineDescription? = nil
    ) {
        self.target = target
        self.machine = machine
        self.variables = variables
        self.buildVariables = buildVariables
        self.systemCompiler = systemCompiler
        self.opamClient = opamClient
        self.installedPackages = installedPackages
        self.environment = environment
    }
}

extension TargetDescription {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        target = try values.decode(String.self, forKey: .target)
        variables = try values.decode([String: String].self, forKey: .variables)
        buildVariables = try values.decodeIfPresent([String: String].self, forKey: .buildVariables) ?? [:]
        systemCompiler = try values.decodeIfPresent(String.self, forKey: .systemCompiler)
        opamClient = try values.decodeIfPresent(String.self, forKey: .opamClient)
        installedPackages = try values.decodeIfPresent([String].self, forKey: .installedPackages)
        environment = try values.decode(EnvironmentDescription.self, forKey: .environment)
        machine = try values.decodeIfPresent(MachineDescription.self, forKey: .machine)
    }
}
