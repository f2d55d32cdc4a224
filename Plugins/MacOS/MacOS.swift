internal import PluginKit

/// macOS, reached by ssh: Homebrew.
struct MacOS: DistributionPlugin {
    let description = PluginDescription(
        name: "macos", version: "1.1.0", summary: "macOS hosts reached by ssh: packages by Homebrew.",
        distributions: [
            Distribution(
                name: "macos", versions: ["13", "14", "15", "26"], architectures: ["arm64", "x86_64"],
                family: "homebrew", shell: .posix)
        ],
        options: SSHSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        try system(for: request.request.architecture).target(
            request,
            OpamVariables(
                os: "macos", distribution: "homebrew", family: "homebrew", version: request.version,
                ocamlSystem: "macosx"))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "Homebrew has no such formula",
            included: Set(base), punctuation: "+-._@/")
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [brew.step(packages)]
    }

    /// Homebrew prints `NAME VERSION…`: of several installed versions, the last one is linked.
    let versionQuery: String? = """
        brew list --versions "$@" | while read -r name versions; do echo "$name ${versions##* }"; done
        """

    let patterns = [
        LogPattern(
            "brew-missing", .missingSystemPackage,
            #"^(?:Error|Warning): No available formula (?:or cask )?with the name "([^"]+)""#,
            literals: ["No available formula"], phase: .depext, phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"Error: No available formula with the name "libfoo"."#,
                    "Error: No available formula with the name 'libfoo'."),
                .init(
                    #"Warning: No available formula or cask with the name "libfoo"."#,
                    "Warning: No available formula or cask with the name 'libfoo'."),
            ]),
        LogPattern(
            "brew-fetch", .mirror, #"^(?:Error: .*: Failed to download resource|curl: \(\d+\) )"#,
            literals: ["Failed to download", "curl: ("], phase: .depext, phases: [.depext],
            class: "brew cannot fetch",
            examples: [
                .init(
                    #"Error: gmp: Failed to download resource "gmp--6.3.0""#,
                    "Error: gmp: Failed to download resource 'gmp--<ver>'"),
                .init(
                    "curl: (28) Operation timed out after 15000 milliseconds",
                    "curl: (28) Operation timed out after <n> milliseconds"),
            ]),
        LogPattern(
            "brew-lock", .runner, #"^Error: (?:A|Another) .*process (?:has already locked|is already)"#,
            literals: ["process"], phase: .depext, phases: [.depext], class: "brew is locked",
            examples: [
                .init(
                    "Error: A `brew install gmp` process has already locked /opt/homebrew/Cellar/gmp.",
                    "Error: A 'brew install gmp' process has already locked <path>")
            ]),
    ]
}

/// Homebrew's prefix differs by architecture.
private func system(for architecture: String) -> SSHSystem {
    let prefix = architecture == "arm64" ? "/opt/homebrew" : "/usr/local"
    return SSHSystem(
        directory: "/opt/ciso", path: "\(prefix)/bin:\(prefix)/sbin:/usr/bin:/bin:/usr/sbin:/sbin",
        shell: Shell(family: .posix, elevation: ["sudo", "-n"]), packages: base,
        osVersion: "sw_vers -productVersion | cut -d . -f 1", manager: brew)
}

/// Homebrew refuses to run as root, and warns about packages that are already installed.
private let brew = PackageManager(
    install: """
        for package in "$@"; do
            brew list "$package" >/dev/null 2>&1 || brew install --quiet "$package"
        done
        """,
    isInstalled: #"brew list "$package""#, user: .build,
    environment: [
        "HOMEBREW_NO_ANALYTICS": "1", "HOMEBREW_NO_AUTO_UPDATE": "1", "HOMEBREW_NO_ENV_HINTS": "1",
        "HOMEBREW_NO_INSTALL_CLEANUP": "1", "NONINTERACTIVE": "1",
    ])

private let base = ["gpatch", "pkgconf", "rsync"]

private let renamed = [
    "gcc-c++": [], "gcc-g++": [], "homebrew/science/glpk": ["glpk"], "homebrew/science/openblas": ["openblas"],
    "homebrew/x11/freeglut": ["freeglut"], "patch": [], "pkg-config": [], "curl": [], "sqlite3": ["sqlite"],
    "postgresql": ["postgresql@17"], "boost160": ["boost"], "domt4/crypto/secp256k1": ["secp256k1"],
    "drfill/homebrew-liquidsoap/soundtouch": ["sound-touch"],
]

private let absent = [
    "cygwin", "fedora", "homebrew", "homebrew/versions/llvm34", "homebrew/versions/llvm35", "homebrew/versions/llvm36",
    "homebrew/versions/llvm37", "linux-headers", "llvm@10", "llvm@3.8", "llvm@3.9", "llvm@4", "llvm@5", "llvm@6",
    "llvm@7", "llvm@8", "llvm@9", "mingw-w64-i686-libglade", "oraclelinux", "osx", "python@3", "schroedinger",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(MacOS(), to: hostABI) }
