internal import PluginKit

/// OpenBSD, reached by ssh: pkg_add, doas, ksh.
struct OpenBSD: DistributionPlugin {
    let description = PluginDescription(
        name: "openbsd", version: "1.2.0", summary: "OpenBSD hosts reached by ssh: packages by pkg_add, root by doas.",
        distributions: [
            Distribution(
                name: "openbsd", versions: ["7.6", "7.7", "7.8"], architectures: ["x86_64", "arm64"], family: "bsd",
                shell: .korn)
        ],
        options: SSHSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        try system.target(
            request,
            OpamVariables(os: "openbsd", distribution: "openbsd", family: "bsd", version: request.version))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "OpenBSD has no such package",
            included: Set(system.packages).union(["file", "patch"]),
            separators: [.init("/", keeps: .after, reason: "pkg_add takes names, not paths of ports")],
            punctuation: "+-._%,")
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [system.manager.step(packages)]
    }

    /// pkg_info lists `STEM-VERSION`, with a flavour after the version.
    let versionQuery: String? = """
        pkg_info -q | while IFS= read -r installed; do
            for package in "$@"; do
                stem=${package%%[%]*}; stem=${stem%%--*}
                case $installed in "$stem"-[0-9]*) echo "$stem ${installed#"$stem"-}" ;; esac
            done
        done
        """

    let patterns = [
        LogPattern(
            "pkg-add-missing", .missingSystemPackage, #"^Can't find (\S+)$"#, literals: ["Can't find"], phase: .depext,
            phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    "Can't find libfoo",
                    "Can't find libfoo")
            ]),
        LogPattern(
            "pkg-add-ambiguous", .missingSystemPackage, #"^Ambiguous: (?:choose package for )?(\S+)"#,
            literals: ["Ambiguous"], phase: .depext, phases: [.depext], class: "ambiguous system package *",
            examples: [
                .init(
                    "Ambiguous: choose package for autoconf",
                    "Ambiguous: choose package for autoconf")
            ]),
        LogPattern(
            "pkg-add-fetch", .mirror, #"^(?:https?://\S+: (?:ftp|TLS|no such|Error).*|ftp: .*|signify: .*)$"#,
            literals: ["https:", "http:/", "ftp: ", "signify: "], phase: .depext, phases: [.depext],
            class: "pkg_add cannot fetch",
            examples: [
                .init(
                    "ftp: connect: Operation timed out",
                    "ftp: connect: Operation timed out"),
                .init(
                    "https://mirror.example/pub/OpenBSD/7.7/packages/amd64/: no such dir",
                    "<url> no such dir"),
            ]),
    ]
}

/// Stems that several packages have are distinguished: by flavour (`--`), or by branch (`%`).
private let system = SSHSystem(
    directory: "/home/ciso",
    path: "/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin:/usr/local/bin:/usr/local/sbin",
    shell: Shell(path: "/bin/ksh", family: .korn, elevation: ["doas"]),
    packages: ["bash", "bzip2", "curl", "git", "gmake", "gpatch", "gtar--", "rsync--", "unzip--", "xz"], make: "gmake",
    osVersion: "uname -r", manager: pkgAdd,
    // The kernel does not expect pages of 1 GiB.
    machine: MachineDescription(
        processor: "max,-pdpe1gb", setClock: SSHSystem.setClockOfBSD))

/// pkg_add exits with status 0 even if a package was not found, so each is checked afterwards.
private let pkgAdd = PackageManager(
    install: """
        pkg_add -I -x "$@"
        for package in "$@"; do
            if ! { \(isInstalled); }; then
                echo "Can't find $package" >&2
                exit 1
            fi
        done
        """,
    isInstalled: isInstalled)

private let isInstalled = #"stem=${package%%[%]*}; stem=${stem%%--*}; pkg_info -q -e "$stem-*""#

private let renamed = [
    "autoconf": ["autoconf%2.71"], "automake": ["automake%1.16"], "gcc": ["gcc%11"], "gcc-c++": ["g++%11"],
    "gcc-g++": ["g++%11"], "libargon2": ["argon2"], "libsrvg2": ["librsvg"], "llvm": ["llvm%19"], "pkgconf": [],
    "postgresql96-client": ["postgresql-client"], "py-yaml": ["py3-yaml"], "python3": ["python%3"],
    "ruby": ["ruby%3.4"], "xkbcommon": ["libxkbcommon"],
]

private let absent = [
    "cygwin", "fedora", "gtk-mac-integration", "gtksourceview", "homebrew", "linux-headers",
    "mingw-w64-i686-libglade", "oraclelinux", "osx", "python/2.7",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(OpenBSD(), to: hostABI) }
