/// The description of the environment in which the target's packages are built.
///
/// Its digest (`CanonicalJSON.digest` of this value) is the environment's part of every job's id: everything that may
/// change the contents of the environment is in a script or in `inputs`. It contains no mirror and no host name; those
/// come from the worker's machine and settings.
public struct EnvironmentDescription: Codable, Hashable, Sendable {
    /// Whether builds run in a root file system or on a host.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// A directory on the worker's Linux machine, filled by `bootstrap` steps that run on the worker.
        case rootFileSystem = "root-file-system"
        /// An OCI image, given by `image`; `bootstrap` steps run in it.
        case image
        /// A machine reached by ssh, which the worker's settings name for the target; `bootstrap` steps run on it.
        case host
    }

    /// The kind of the environment.
    public var kind: Kind
    /// An OCI reference for the kind `image`, with a digest if it must be exact.
    public var image: String?
    /// Steps that run once, in order. Those on the worker come first.
    ///
    /// A step on the worker has the variables `CISO_ROOT` (an empty directory to fill) and `CISO_CACHE` (a directory
    /// for downloads that outlives the bootstrap) in addition to the worker's own environment, in which a user may name
    /// mirrors, and runs as the worker's user. A step in the environment runs as its `user`; on a host, root finds the
    /// login user's numeric id in `CISO_LOGIN`.
    public var bootstrap: [Step]
    /// The last step, run in the environment without network: it prints lines `NAME=VALUE` with the actual values of
    /// the target's variables (`os-version=12`, `sys-ocaml-version=4.13.1`). A difference from
    /// ``TargetDescription/variables`` is an infrastructure failure that names both values; variables that are not
    /// printed are not compared.
    public var probe: Step?
    /// Programs that the steps on the worker need.
    public var tools: [Tool]
    /// Inputs of the contents that do not occur in a script: a suite, a snapshot's date, an archive's checksum.
    public var inputs: [String: String]
    /// The shell that runs scripts.
    public var shell: Shell
    /// Directories inside the environment.
    public var paths: Paths
    /// The user that packages are built as.
    public var buildUser: BuildUser
    /// The environment variables of every step in the environment (`LANG`, `PATH`, `DEBIAN_FRONTEND` …). Steps may add
    /// others.
    public var environment: [String: String]

    public init(
        kind: Kind, image: String? = nil, bootstrap: [Step], probe: Step? = nil, tools: [Tool] = [],
        inputs: [String: String] = [:], shell: Shell, paths: Paths, buildUser: BuildUser,
        environment: [String: String] = [:]
    ) {
        self.kind = kind
        self.image = image
        self.bootstrap = bootstrap
        self.probe = probe
        self.tools = tools
        self.inputs = inputs
        self.shell = shell
        self.paths = paths
        self.buildUser = buildUser
        self.environment = environment
    }
}

extension EnvironmentDescription {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        kind = try values.decode(Kind.self, forKey: .kind)
        image = try values.decodeIfPresent(String.self, forKey: .image)
        bootstrap = try values.decode([Step].self, forKey: .bootstrap)
        probe = try values.decodeIfPresent(Step.self, forKey: .probe)
        tools = try values.decodeIfPresent([Tool].self, forKey: .tools) ?? []
        inputs = try values.decodeIfPresent([String: String].self, forKey: .inputs) ?? [:]
        shell = try values.decode(Shell.self, forKey: .shell)
        paths = try values.decode(Paths.self, forKey: .paths)
        buildUser = try values.decode(BuildUser.self, forKey: .buildUser)
        environment = try values.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
    }
}

/// A program that a bootstrap needs on the worker.
public struct Tool: Codable, Hashable, Sendable {
    /// The name, looked up in `PATH`: `mmdebstrap`.
    public var program: String
    /// The packages that contain it, by the worker's `os-family`: `["debian": "mmdebstrap"]`.
    public var packages: [String: String]

    public init(_ program: String, packages: [String: String] = [:]) {
        self.program = program
        self.packages = packages
    }
}

extension Tool {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        program = try values.decode(String.self, forKey: .program)
        packages = try values.decodeIfPresent([String: String].self, forKey: .packages) ?? [:]
    }
}

/// The shell that runs scripts in the environment: `PATH ARGUMENTS… -c SCRIPT`, or with the script on its standard
/// input.
public struct Shell: Codable, Hashable, Sendable {
    /// The absolute path in the environment.
    public var path: String
    /// The arguments before the script: `["-eu"]`.
    public var arguments: [String]
    /// The syntax that the shell supports.
    public var family: ShellFamily
    /// Words before the shell's command line for root's steps, if the login user is not root: `["doas"]`, `["sudo",
    /// "-n"]`. If empty, root's steps need a worker or a login that is root.
    public var elevation: [String]

    public init(path: String = "/bin/sh", arguments: [String] = ["-eu"], family: ShellFamily, elevation: [String] = [])
    {
        self.path = path
        self.arguments = arguments
        self.family = family
        self.elevation = elevation
    }
}

extension Shell {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        path = try values.decode(String.self, forKey: .path)
        arguments = try values.decodeIfPresent([String].self, forKey: .arguments) ?? ["-eu"]
        family = try values.decode(ShellFamily.self, forKey: .family)
        elevation = try values.decodeIfPresent([String].self, forKey: .elevation) ?? []
    }
}

/// The absolute paths in the environment. Layers contain these paths, so they are the same on every machine that serves
/// the target.
public struct Paths: Codable, Hashable, Sendable {
    /// The build user's home directory.
    public var home: String
    /// The opam root, in which the switch is the directory `default`.
    public var opamRoot: String
    /// Where sources are unpacked and built, one directory per package.
    public var build: String

    public init(home: String, opamRoot: String, build: String) {
        self.home = home
        self.opamRoot = opamRoot
        self.build = build
    }
}

/// The user of builds, never root.
public struct BuildUser: Codable, Hashable, Sendable {
    /// The user's name.
    public var name: String
    /// The numeric id if the bootstrap creates the user; nil for the login user of a host.
    public var uid: Int?
    /// The numeric id of the user's group; nil for the system's default.
    public var gid: Int?

    public init(name: String, uid: Int? = nil, gid: Int? = nil) {
        self.name = name
        self.uid = uid
        self.gid = gid
    }
}
