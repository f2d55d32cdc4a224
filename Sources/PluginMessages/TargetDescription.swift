/// The request of `target`, and a part of the requests that depend on it: identifies a target.
///
/// The planner makes one for every pair of a target and the choice of the system compiler, and sends it unchanged with
/// every later call, so that an answer never depends on an earlier one.
public struct TargetRequest: Codable, Hashable, Sendable {
    /// The target's name in the matrix: `debian-12`, `archlinux`.
    public var target: String
    /// The distribution's name as in ``Distribution/name``: `debian`.
    public var distribution: String
    /// The version in the target's name: `12`. Absent if the name has none.
    public var version: String?
    /// The architecture in opam's spelling: `x86_64`, `arm64`.
    public var architecture: String
    /// Whether the environment must contain the distribution's own OCaml (`ocaml-system`); if false, opam builds one.
    public var systemCompiler: Bool
    /// Whether the environment must contain the distribution's opam client, for jobs that use it. Absent for no.
    public var opamClient: Bool?
    /// The options set in the matrix, by name.
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

/// The answer to `target`: everything that planning and running need to know of a target.
public struct TargetDescription: Codable, Hashable, Sendable {
    /// The name in the request.
    public var target: String
    /// Opam's variables for formulas and filters, as opam reports them on the target: `arch`, `os`, `os-distribution`,
    /// `os-family`, `os-version`, and `sys-ocaml-arch`, `-cc`, `-libc`, `-system`, `-version`, which are empty unless
    /// ``TargetRequest/systemCompiler`` is true.
    public var variables: [String: String]
    /// Variables that are used only by commands, never by the solver: `make` (`gmake` on the BSDs).
    public var buildVariables: [String: String]
    /// The version of the distribution's OCaml, requested or not: `4.13.1`. Absent if it has none, or the plugin does
    /// not know it.
    public var systemCompiler: String?
    /// The version of the opam client in the environment, as printed by `opam --version`. Absent if it was not
    /// requested, or there is none.
    public var opamClient: String?
    /// The distribution's packages that the bootstrap installs, for `ci plugin depexts --against`; not part of a job's
    /// id. Absent if they are not to be compared.
    public var installedPackages: [String]?
    /// The environment that packages are built in.
    public var environment: EnvironmentDescription
    /// The requirements of a virtual machine with the system, for the kind `host`. Absent: the matrix must state them.
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
