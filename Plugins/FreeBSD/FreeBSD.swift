internal import PluginKit

/// FreeBSD, reached by ssh: pkg, its sh.
struct FreeBSD: DistributionPlugin {
    let description = PluginDescription(
        name: "freebsd", version: "1.2.0", summary: "FreeBSD hosts reached by ssh: packages by pkg.",
        distributions: [
            Distribution(
                name: "freebsd", versions: releases.map(\.version), architectures: ["x86_64", "arm64"], family: "bsd",
                shell: .posix)
        ],
        options: [
            SSHSystem.elevationOption(
                default: "sudo -n",
                summary: "Words that make the login user root: 'sudo -n', 'doas', 'mdo'; FreeBSD has none of its own.")
        ] + SSHSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let release = releases.first { $0.version == request.version } ?? releases[0]
        return try system.target(
            request,
            OpamVariables(os: "freebsd", distribution: "freebsd", family: "bsd", version: release.number))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "FreeBSD has no such package",
            included: Set(system.packages).union(["diffutils", "findutils", "patch", "file"]),
            punctuation: "+-._/")
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [system.manager.step(packages)]
    }

    let versionQuery: String? = #"pkg query '%n %v' "$@""#

    let patterns = [
        LogPattern(
            "pkg-no-match", .missingSystemPackage, #"^pkg: No packages available to install matching '([^']+)'"#,
            literals: ["No packages available"], phase: .depext, phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    "pkg: No packages available to install matching 'libfoo' have been found in the repositories",
                    "pkg: No packages available to install matching 'libfoo' have been found in the repositories")
            ]),
        LogPattern(
            "pkg-fetch", .mirror,
            #"^pkg: (?:https?://\S+: |Unable to update repository|An error occured while fetching)"#,
            literals: ["pkg: "], phase: .depext, phases: [.depext], class: "pkg cannot fetch",
            examples: [
                .init(
                    "pkg: https://mirror.example/meta.txz: No route to host",
                    "pkg: <url> No route to host")
            ]),
        LogPattern(
            "pkg-lock", .runner, #"^pkg: Cannot get (?:a|an) (?:exclusive|advisory|read) lock on"#,
            literals: ["pkg: Cannot get"], phase: .depext, phases: [.depext], class: "pkg is locked",
            examples: [
                .init(
                    "pkg: Cannot get an advisory lock on a database, it is locked by another process",
                    "pkg: Cannot get an advisory lock on a database, it is locked by another process")
            ]),
    ]
}

/// A release and its `__FreeBSD_version`, which is opam's `os-version`. A name without a minor version denotes the
/// release that the reference solutions were computed for, otherwise the newest.
private struct Release {
    let version: String
    let number: String
}

private let releases = [
    Release(version: "13.5", number: "1305000"), Release(version: "14", number: "1402000"),
    Release(version: "14.2", number: "1402000"), Release(version: "14.3", number: "1403000"),
    Release(version: "15.0", number: "1500068"),
]

/// Waits for pkg's lock, because an administrator may be installing something.
private let system = SSHSystem(
    directory: "/var/ciso", path: "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    shell: Shell(family: .posix),
    packages: ["bash", "ca_root_nss", "curl", "git", "gmake", "gpatch", "pkgconf", "rsync", "unzip"], make: "gmake",
    osVersion: "uname -U",
    manager: PackageManager(
        install: #"pkg -o LOCK_RETRIES=60 install -y "$@""#, isInstalled: #"pkg info -e "$package""#,
        environment: ["ASSUME_ALWAYS_YES": "yes"]),
    machine: MachineDescription(setClock: SSHSystem.setClockOfBSD))

private let renamed = [
    "flint2": ["flint"], "gcc-c++": ["gcc"], "gcc-g++": ["gcc"], "guile3": ["guile"],
    "py39-pyparsing": ["py311-pyparsing"], "py39-tomli": ["py311-tomli"], "swi-prolog": ["swi-pl"],
]

private let absent = [
    "cygwin", "devel/llvm38", "devel/llvm39", "devel/llvm40", "devel/llvm50", "devel/llvm60", "devel/llvm70",
    "devel/llvm80", "devel/llvm90", "dpkg-dev", "fedora", "gnome-icon-theme", "gtk-mac-integration", "gtksourceview2",
    "homebrew", "lang/python27", "libgnomecanvas", "linux-headers", "mingw-w64-i686-libglade", "oraclelinux", "osx",
    "python2",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(FreeBSD(), to: hostABI) }
