internal import PluginKit

/// FreeBSD, reached by ssh: pkg, its sh.
struct FreeBSD: DistributionPlugin {
    let description = PluginDescription(
        name: "freebsd", version: "1.0.0", summary: "FreeBSD hosts reached by ssh: packages by pkg.",
        distributions: [
            Distribution(
                name: "freebsd", versions: releases.map(\.version), architectures: ["x86_64", "arm64"], family: "bsd",
                shell: .posix)
        ],
        options: [
            PluginOption(
                "elevation", .words, default: "sudo -n",
                summary: "Words that make the login user root: 'sudo -n', 'doas', 'mdo'; FreeBSD has none of its own."),
            PluginOption("packages", .words, default: "", summary: "Packages to add to every environment."),
            SystemCompilerOption.option,
        ])

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let release = releases.first { $0.version == request.version } ?? releases[0]
        let compiler = try SystemCompilerOption.version(request)
        let variables = OpamVariables(os: "freebsd", distribution: "freebsd", family: "bsd", version: release.number)
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
                        "install-base", phase: .bootstrap, script: installation(packages.sorted()), user: .root,
                        environment: ["ASSUME_ALWAYS_YES": "yes"], network: true, idempotent: true),
                ],
                probe: SSHHost.probe(version: "uname -U", systemCompiler: compiler != nil),
                shell: Shell(family: .posix, elevation: request.words("elevation")),
                paths: SSHHost.paths(base: directory), buildUser: BuildUser(name: "ciso"),
                environment: SSHHost.environment(
                    base: directory, path: "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: Dictionary(uniqueKeysWithValues: absent.map { ($0, "FreeBSD has no such package") }),
            included: Set(base).union(["diffutils", "findutils", "patch", "file"]),
            punctuation: "+-._/")
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [
            Step(
                "install-system-packages", phase: .depext, script: installation(packages), user: .root,
                environment: ["ASSUME_ALWAYS_YES": "yes"], network: true, idempotent: true)
        ]
    }

    let patterns = [
        LogPattern(
            "pkg-no-match", .missingSystemPackage, #"^pkg: No packages available to install matching '([^']+)'"#,
            literal: "No packages available", phase: .depext, signature: "no system package $1",
            examples: [
                .init(
                    "pkg: No packages available to install matching 'libfoo' have been found in the repositories",
                    "no system package libfoo")
            ]),
        LogPattern(
            "pkg-fetch", .infrastructure,
            #"^pkg: (?:https?://\S+: |Unable to update repository|An error occured while fetching)"#,
            literal: "pkg: ", phase: .depext, signature: "pkg cannot fetch",
            examples: [.init("pkg: https://mirror.example/meta.txz: No route to host", "pkg cannot fetch")]),
        LogPattern(
            "pkg-lock", .infrastructure, #"^pkg: Cannot get (?:a|an) (?:exclusive|advisory|read) lock on"#,
            literal: "pkg: Cannot get", phase: .depext, signature: "pkg is locked",
            examples: [
                .init(
                    "pkg: Cannot get an advisory lock on a database, it is locked by another process", "pkg is locked")
            ]),
    ]

    /// pkg's lock is waited for: builds on one host install at the same time.
    private func installation(_ packages: [String]) -> String {
        """
        set -- \(shellQuoted(packages))
        pkg -o LOCK_RETRIES=60 install -y "$@"

        """
    }
}

/// A release and its `__FreeBSD_version`, which is opam's `os-version`. A name without a minor version means the
/// release that the reference solutions were made for, else the newest.
private struct Release {
    let version: String
    let number: String
}

private let releases = [
    Release(version: "13.5", number: "1305000"), Release(version: "14", number: "1402000"),
    Release(version: "14.2", number: "1402000"), Release(version: "14.3", number: "1403000"),
    Release(version: "15.0", number: "1500068"),
]

private let directory = "/var/ciso"

private let base = ["bash", "ca_root_nss", "curl", "git", "gmake", "gpatch", "pkgconf", "rsync", "unzip"]

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
