public import PluginMessages

/// What Debian and its derivatives have in common: a root file system made by mmdebstrap, packages installed by apt.
///
/// ```swift
/// func target(_ request: CheckedRequest) throws -> TargetDescription {
///     AptFamily(origin: "Devuan", suite: "daedalus", components: ["main"], keyring: "/usr/share/keyrings/devuan.gpg")
///         .target(request, ocaml: "4.13.1", mirrorRequired: true)
/// }
/// ```
public struct AptFamily: Sendable {
    /// The origin in the Release files of the distribution's mirrors: `Debian`, `Ubuntu`.
    public var origin: String
    /// The suite of the archive: `bookworm`.
    public var suite: String
    /// The components of the archive: `["main"]`.
    public var components: [String]
    /// The file on the worker with the archive's signing keys; nil if the worker's apt already trusts them.
    public var keyring: String?
    /// Whether the distribution has no releases, so that the version in its `os-release` is not compared.
    public var isRolling: Bool

    public init(
        origin: String, suite: String, components: [String], keyring: String? = nil, isRolling: Bool = false
    ) {
        self.origin = origin
        self.suite = suite
        self.components = components
        self.keyring = keyring
        self.isRolling = isRolling
    }

    /// The environment variable on the worker that names the distribution's mirror: `CISO_MIRROR_DEBIAN`.
    public var mirrorVariable: String {
        let letters = origin.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return "CISO_MIRROR_\(String(letters))"
    }

    /// Packages that every build of an opam package may use: a C compiler, make and tools that opam itself runs.
    public static let basePackages = [
        "build-essential", "bzip2", "ca-certificates", "curl", "diffutils", "git", "m4", "patch", "pkg-config",
        "rsync", "tar", "unzip", "xz-utils",
    ]

    static let tools = [
        Tool("mmdebstrap", packages: ["debian": "mmdebstrap"]), Tool("apt-get", packages: ["debian": "apt"]),
    ]

    /// The description of a target: opam's variables, and a root file system with the base packages, those of the
    /// option, and the distribution's OCaml if requested.
    ///
    /// - Parameters:
    ///   - ocaml: The version of the distribution's package `ocaml`; nil if unknown.
    ///   - opam: The version of its package `opam`, if requested and known.
    ///   - mirrorRequired: Whether mmdebstrap's default mirror belongs to another distribution.
    public func target(
        _ request: CheckedRequest, ocaml: String? = nil, opam: String? = nil, mirrorRequired: Bool = false
    )
        -> TargetDescription
    {
        let wanted = request.request
        let compiler = wanted.systemCompiler ? ocaml : nil
        let variables = OpamVariables(
            os: "linux", distribution: wanted.distribution, family: "debian",
            version: isRolling ? "rolling" : request.version)
        let system = RootSystem(packages: Self.basePackages, tools: Self.tools, isRolling: isRolling)
        return system.target(request, variables, ocaml: ocaml, compiler: compiler, opam: opam) { packages in
            [
                bootstrap(packages: packages, architecture: wanted.architecture, mirrorRequired: mirrorRequired),
                LinuxRoot.createUser,
            ]
        }
    }

    /// Creates the root file system. The mirror is the worker's: `CISO_MIRROR_ORIGIN`, otherwise one of the same origin
    /// in its apt configuration, otherwise mmdebstrap's default.
    ///
    /// - Parameter architecture: The architecture in opam's spelling.
    func bootstrap(packages: [String], architecture: String, mirrorRequired: Bool) -> Step {
        let otherwise =
            mirrorRequired
            ? """
            if [ -z "$mirror" ]; then
                echo "no mirror of \(origin) is known to this machine's apt: set \(mirrorVariable)" >&2
                exit 1
            fi
            """ : "# Without a mirror mmdebstrap takes its own default."
        return Step(
            "bootstrap-root", phase: .bootstrap,
            script: """
                mirror=${\(mirrorVariable):-}
                if [ -z "$mirror" ] && command -v apt-get >/dev/null; then
                    mirror=$(apt-get indextargets --format '$(REPO_URI)' \\
                        'Created-By: Packages' 'Origin: \(origin)' 'Label: \(origin)' | sed -n 1p)
                fi
                \(otherwise)
                mmdebstrap --variant=minbase --format=directory --skip=cleanup/apt/lists \\
                    \(keyring.map { "--keyring=\(shellQuoted($0)) " } ?? "")--architectures=\(Self.debianArchitecture(architecture)) --components=\(components.joined(separator: ",")) \\
                    --include=\(shellQuoted(Set(packages).sorted().joined(separator: ","))) \\
                    --aptopt='Dir::Cache::pkgcache ""' --aptopt='Dir::Cache::srcpkgcache ""' \\
                    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \\
                    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \\
                    \(suite) "$CISO_ROOT" ${mirror:+"$mirror"}

                """,
            place: .worker, user: .root, network: true)
    }

    /// Installs packages from the lists of the bootstrap; if the archive has changed, from updated lists.
    public static func install(_ packages: [String]) -> [Step] {
        [apt.step(packages)]
    }

    /// Prints the versions of the installed packages `"$@"`.
    public static let versionQuery = #"dpkg-query -W -f '${Package} ${Version}\n' "$@""#

    // Errors about old lists are not printed, because the new lists may have the package.
    static let apt = PackageManager(
        install: """
            apt-get install -s "$@" >/dev/null 2>&1 || apt-get update
            apt-get install -y "$@" || {
                apt-get update
                apt-get install -y "$@"
            }
            apt-get clean
            """,
        environment: ["DEBIAN_FRONTEND": "noninteractive"])

    /// Debian's name of an architecture.
    static func debianArchitecture(_ opam: String) -> String {
        switch opam {
        case "x86_64": "amd64"
        case "x86_32": "i386"
        case "arm32": "armhf"
        case "ppc64": "ppc64el"
        default: opam
        }
    }

    /// Messages of apt and dpkg about unavailable mirrors rather than packages.
    public static let patterns = [
        LogPattern(
            "apt-fetch", .mirror, #"^E: Failed to fetch \S*/([^/ ]+)  (.+)$"#, literals: ["E: Failed to fetch"],
            phase: .depext, phases: [.depext], class: "apt cannot fetch *",
            examples: [
                .init(
                    "E: Failed to fetch http://mirror.example/debian/pool/main/g/gmp/libgmp-dev_6.2.1_amd64.deb  404  Not Found",
                    "E: Failed to fetch <url> 404 Not Found")
            ]),
        LogPattern(
            "apt-index", .mirror,
            #"^(?:E|W): (?:Some index files failed|The repository .* (?:does not have|is no longer))"#,
            literals: ["index files failed", "does not have", "is no longer"], phase: .depext, phases: [.depext],
            class: "apt's lists cannot be fetched",
            examples: [
                .init(
                    "W: Some index files failed to download. They have been ignored, or old ones used instead.",
                    "W: Some index files failed to download. They have been ignored, or old ones used instead.")
            ]),
        LogPattern(
            "apt-lock", .runner, #"^E: Could not get lock \S+"#, literals: ["Could not get lock"],
            phase: .depext, phases: [.depext],
            class: "apt is locked",
            examples: [
                .init(
                    "E: Could not get lock /var/lib/dpkg/lock-frontend.",
                    "E: Could not get lock <path>")
            ]),
        LogPattern(
            "apt-unknown-package", .missingSystemPackage, #"^E: Unable to locate package (\S+)$"#,
            literals: ["Unable to locate package"], phase: .depext, phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    "E: Unable to locate package libfoo-dev",
                    "E: Unable to locate package libfoo-dev")
            ]),
        LogPattern(
            "apt-no-candidate", .missingSystemPackage, #"^E: Package '([^']+)' has no installation candidate$"#,
            literals: ["has no installation candidate"], phase: .depext, phases: [.depext],
            class: "no system package *",
            examples: [
                .init(
                    "E: Package 'libpcre3-dev' has no installation candidate",
                    "E: Package 'libpcre3-dev' has no installation candidate")
            ]),
    ]
}
