internal import PluginKit

/// NetBSD, reached by ssh: pkgin over pkgsrc's binary packages.
struct NetBSD: DistributionPlugin {
    let description = PluginDescription(
        name: "netbsd", version: "1.0.0", summary: "NetBSD hosts reached by ssh: packages by pkgin.",
        distributions: [
            Distribution(
                name: "netbsd", versions: ["9.4", "10.0", "10.1"], architectures: ["x86_64", "arm64"], family: "bsd",
                shell: .posix)
        ],
        options: [
            PluginOption(
                "elevation", .words, default: "doas", summary: "Words that make the login user root: 'doas', 'sudo -n'."
            ),
            PluginOption("packages", .words, default: "", summary: "Packages to add to every environment."),
            SystemCompilerOption.option,
        ])

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let compiler = try SystemCompilerOption.version(request)
        let variables = OpamVariables(os: "netbsd", distribution: "netbsd", family: "bsd", version: request.version)
        let packages = Set(base + request.words("packages")).union(compiler == nil ? [] : ["ocaml"])
        return TargetDescription(
            target: request.request.target,
            variables: variables.dictionary(architecture: request.request.architecture, systemCompiler: compiler),
            buildVariables: ["make": "gmake"], systemCompiler: request[SystemCompilerOption.option.name],
            environment: EnvironmentDescription(
                kind: .host,
                bootstrap: [
                    SSHHost.makeDirectories(base: directory),
                    Step(
                        "install-base", phase: .bootstrap,
                        script: "command -v pkgin >/dev/null || pkg_add pkgin\n" + installation(packages.sorted()),
                        user: .root, network: true, idempotent: true),
                ],
                probe: SSHHost.probe(version: "uname -r", systemCompiler: compiler != nil),
                shell: Shell(family: .posix, elevation: request.words("elevation")),
                paths: SSHHost.paths(base: directory), buildUser: BuildUser(name: "ciso"),
                environment: SSHHost.environment(
                    base: directory, path: "/sbin:/bin:/usr/sbin:/usr/bin:/usr/X11R7/bin:/usr/pkg/sbin:/usr/pkg/bin")))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: Dictionary(uniqueKeysWithValues: absent.map { ($0, "pkgsrc has no such package") }),
            included: Set(base).union(["file", "patch"]),
            separators: [.init("/", keeps: .after, reason: "pkgin takes names, not paths of pkgsrc")])
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [
            Step(
                "install-system-packages", phase: .depext, script: installation(packages), user: .root, network: true,
                idempotent: true)
        ]
    }

    let patterns = [
        LogPattern(
            "pkgin-missing", .missingSystemPackage, #"^(\S+) is not available in the repository"#,
            literal: "is not available in the repository", phase: .depext, signature: "no system package $1",
            examples: [.init("libfoo is not available in the repository", "no system package libfoo")]),
        LogPattern(
            "pkgin-fetch", .infrastructure, #"^pkgin: (?:Could not fetch|.*: Network is unreachable|empty)"#,
            literal: "pkgin: ",
            phase: .depext, signature: "pkgin cannot fetch",
            examples: [.init("pkgin: Could not fetch http://mirror.example/pkg_summary.gz", "pkgin cannot fetch")]),
    ]

    private func installation(_ packages: [String]) -> String {
        """
        set -- \(shellQuoted(packages))
        pkgin -y update
        pkgin -y install "$@"

        """
    }
}

private let directory = "/var/ciso"

private let base = ["bash", "bzip2", "curl", "git", "gmake", "gtar", "pkgconf", "rsync", "unzip", "xz"]

private let renamed = [
    "gcc-c++": ["gcc12"], "gcc-g++": ["gcc12"], "libtool": ["libtool-base"], "py-yaml": ["py312-yaml"],
    "python36": ["python312"], "python37": ["python312"], "python39": ["python312"], "ruby": ["ruby32"],
]

private let absent = [
    "cygwin", "fedora", "gtk-mac-integration", "homebrew", "linux-headers", "mingw-w64-i686-libglade", "oraclelinux",
    "osx",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(NetBSD(), to: hostABI) }
