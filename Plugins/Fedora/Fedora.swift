internal import PluginKit

/// Fedora: dnf, which also creates the root file system.
struct Fedora: DistributionPlugin {
    let description = PluginDescription(
        name: "fedora", version: "1.1.0", summary: "Fedora: root file systems and packages by dnf.",
        distributions: [
            Distribution(
                name: "fedora", versions: ["41", "42", "43"], architectures: ["x86_64", "arm64"], family: "fedora",
                shell: .bash)
        ],
        options: RootSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let variables = OpamVariables(os: "linux", distribution: "fedora", family: "fedora", version: request.version)
        return try system.target(request, variables) { packages in
            [bootstrap(packages, release: request.version, machine: request.machine), LinuxRoot.createUser]
        }
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "Fedora has no such package",
            included: Set(base))
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [DnfFamily.manager.step(packages)]
    }

    var versionQuery: String? { DnfFamily.versionQuery }

    var patterns: [LogPattern] { DnfFamily.patterns }

    /// The signing key is downloaded from Fedora's own site, the packages from the mirror.
    private func bootstrap(_ packages: [String], release: String, machine: String) -> Step {
        Step(
            "bootstrap-root", phase: .bootstrap,
            script: """
                mirror=${CISO_MIRROR_FEDORA:-https://dl.fedoraproject.org/pub/fedora/linux}
                key=$CISO_CACHE/RPM-GPG-KEY-fedora-\(release)
                [ -s "$key" ] || curl -fsSL --retry 3 -o "$key" https://fedoraproject.org/fedora.gpg
                dnf -y --installroot="$CISO_ROOT" --releasever=\(release) --forcearch=\(machine) \\
                    --setopt=reposdir=/dev/null --setopt=cachedir="$CISO_CACHE/dnf" \\
                    --repofrompath=base,"$mirror/releases/\(release)/Everything/\(machine)/os/" \\
                    --setopt=base.gpgcheck=1 --setopt=base.gpgkey="file://$key" --repo=base \\
                    --setopt=install_weak_deps=False --setopt=tsflags=nodocs \\
                    install \(shellQuoted(packages))

                """,
            place: .worker, user: .root, network: true)
    }
}

private let system = RootSystem(
    packages: base + ["dnf", "fedora-release", "shadow-utils"],
    tools: [Tool("dnf", packages: ["debian": "dnf", "fedora": "dnf"]), Tool("curl")],
    shell: Shell(path: "/bin/bash", family: .bash))

/// A C compiler, make and the programs that opam itself calls.
private let base = [
    "bzip2", "ca-certificates", "curl", "diffutils", "findutils", "gcc", "gcc-c++", "git", "m4", "make", "patch",
    "pkgconf-pkg-config", "rsync", "tar", "unzip", "which", "xz",
]

private let renamed = [
    "gcc-g++": [], "pkgconfig": [], "libgd3-devel": ["gd-devel"], "libmaxminddb": ["libmaxminddb-devel"],
    "linux-headers": ["kernel-headers"], "pciutil-devel": ["pciutils-devel"],
    "community-mysql-devel": ["mysql-devel"],
]

private let absent = [
    "cygwin", "gtk-mac-integration", "homebrew", "llvm10-devel", "llvm3.9-devel", "llvm4.0-devel", "llvm5.0-devel",
    "llvm6.0-devel", "llvm7.0-devel", "llvm8.0-devel", "llvm9.0-devel", "mingw-w64-i686-libglade", "oraclelinux", "osx",
    "python2", "python2.7", "fedora",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Fedora(), to: hostABI) }
