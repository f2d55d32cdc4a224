/// How the place is made in which the target's packages are built.
///
/// Its digest (`CanonicalJSON.digest` of this value) is the environment's part of every job's id: whatever may change
/// the environment's contents is in here, in a script or in `inputs`. It holds no mirror and no host name; those come
/// from the worker's machine and settings.
public struct EnvironmentDescription: Codable, Hashable, Sendable {
    /// Whether builds run in a root file system or on a host.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// A directory on the worker's Linux machine, filled by the `bootstrap` steps whose place is the worker.
        case rootFileSystem = "root-file-system"
        /// An OCI image, named by `image`; `bootstrap` steps are run in it.
        case image
        /// A machine reached by ssh, named in the worker's settings by the target; `bootstrap` steps are run on it.
        case host
    }

    /// Where builds run.
    public var kind: Kind
    /// An OCI reference for the kind `image`, by digest where it is to be exact.
    public var image: String?
    /// Run once, in order. Those at the worker come first.
    ///
    /// A step at the worker has the variables `CISO_ROOT` (an empty directory to fill) and `CISO_CACHE` (a directory
    /// that outlives the bootstrap, for downloads) beside the worker's own environment, where a user may name mirrors,
    /// and runs as the worker's own user. A step in the environment runs as its `user` says; on a host root finds the
    /// number of the login's user in `CISO_LOGIN`.
    public var bootstrap: [Step]
    /// Run last, in the environment, without network: it prints `NAME=VALUE` lines, each a variable of the target as
    /// it really is (`os-version=12`, `sys-ocaml-version=4.13.1`). A difference from ``TargetDescription/variables``
    /// is an infrastructure failure that names both values; variables that are not printed are not compared.
    public var probe: Step?
    /// Programs that the steps at the worker need there.
    public var tools: [Tool]
    /// What the contents depend on and no script says: a suite, a snapshot's date, an archive's checksum.
    public var inputs: [String: String]
    /// The shell that runs scripts.
    public var shell: Shell
    /// Directories inside the environment.
    public var paths: Paths
    /// The user that packages are built as.
    public var buildUser: BuildUser
    /// Variables of every step in the environment (`LANG`, `PATH`, `DEBIAN_FRONTEND` …). Steps may add their own.
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
    /// As found on `PATH`: `mmdebstrap`.
    public var program: String
    /// The package that has it, by the worker's `os-family`: `["debian": "mmdebstrap"]`.
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

/// What runs the scripts in the environment: `PATH ARGUMENTS… -c SCRIPT`, or the script on its standard input.
public struct Shell: Codable, Hashable, Sendable {
    /// Absolute, in the environment.
    public var path: String
    /// Before the script: `["-eu"]`.
    public var arguments: [String]
    /// Which syntax the shell understands.
    public var family: ShellFamily
    /// Words put before the shell's where a step is root's and the login user is not: `["doas"]`, `["sudo", "-n"]`.
    /// Empty: steps of root need a worker or a login that is root.
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

/// The paths in the environment; all absolute. Layers contain these paths, so they are the same on every
/// machine that serves the target.
public struct Paths: Codable, Hashable, Sendable {
    /// The build user's home directory.
    public var home: String
    /// The opam root; the switch is the directory `default` in it.
    public var opamRoot: String
    /// Where sources are unpacked and built, one directory per package.
    public var build: String

    public init(home: String, opamRoot: String, build: String) {
        self.home = home
        self.opamRoot = opamRoot
        self.build = build
    }
}

/// Who builds: never root.
public struct BuildUser: Codable, Hashable, Sendable {
    /// The user's name.
    public var name: String
    /// Set where the bootstrap creates the user, absent if it is the login of a host.
    public var uid: Int?
    /// The numeric id of the user's group; nil: that of the system.
    public var gid: Int?

    public init(name: String, uid: Int? = nil, gid: Int? = nil) {
        self.name = name
        self.uid = uid
        self.gid = gid
    }
}
