internal import PluginKit

/// NetBSD, reached by ssh: pkgin over pkgsrc's binary packages.
struct NetBSD: DistributionPlugin {
    let description = PluginDescription(
        name: "netbsd", version: "1.2.0", summary: "NetBSD hosts reached by ssh: packages by pkgin.",
        distributions: [
            Distribution(
                name: "netbsd", versions: ["9.4", "10.0", "10.1"], architectures: ["x86_64", "arm64"], family: "bsd",
                shell: .posix)
        ],
        options: [
            SSHSystem.elevationOption(
                default: "doas", summary: "Words that make the login user root: 'doas', 'sudo -n'.")
        ] + SSHSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        try system.target(
            request,
            OpamVariables(os: "netbsd", distribution: "netbsd", family: "bsd", version: request.version))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "pkgsrc has no such package",
            included: Set(system.packages).union(["file", "patch"]),
            separators: [.init("/", keeps: .after, reason: "pkgin takes names, not paths of pkgsrc")])
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [system.manager.step(packages)]
    }

    /// pkg_info prints the `NAME-VERSION` of an installed package; a version has no hyphen.
    let versionQuery: String? = """
        for package in "$@"; do
            if installed=$(pkg_info -E "$package"); then echo "${installed%-*} ${installed##*-}"; fi
        done
        """

    let patterns = [
        LogPattern(
            "pkgin-missing", .missingSystemPackage, #"^(\S+) is not available in the repository"#,
            literals: ["is not available in the repository"], phase: .depext, phases: [.depext],
            class: "no system package *",
            examples: [
                .init(
                    "libfoo is not available in the repository",
                    "libfoo is not available in the repository")
            ]),
        LogPattern(
            "pkgin-fetch", .mirror, #"^pkgin: (?:Could not fetch|.*: Network is unreachable|empty)"#,
            literals: ["pkgin: "],
            phase: .depext, phases: [.depext], class: "pkgin cannot fetch",
            examples: [
                .init(
                    "pkgin: Could not fetch http://mirror.example/pkg_summary.gz",
                    "pkgin: Could not fetch <url>")
            ]),
    ]
}

private let system = SSHSystem(
    directory: "/var/ciso", path: "/sbin:/bin:/usr/sbin:/usr/bin:/usr/X11R7/bin:/usr/pkg/sbin:/usr/pkg/bin",
    shell: Shell(family: .posix),
    packages: ["bash", "bzip2", "curl", "git", "gmake", "gtar", "pkgconf", "rsync", "unzip", "xz"], make: "gmake",
    osVersion: "uname -r",
    manager: PackageManager(
        install: "pkgin -y update\npkgin -y install \"$@\"", isInstalled: #"pkg_info -q -e "$package""#),
    prelude: "command -v pkgin >/dev/null || pkg_add pkgin\n",
    machine: MachineDescription(setClock: SSHSystem.setClockOfBSD))

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
