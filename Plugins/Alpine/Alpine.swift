internal import PluginKit

/// Alpine Linux: the minimal root archive, apk.
struct Alpine: DistributionPlugin {
    let description = PluginDescription(
        name: "alpine", version: "1.1.0",
        summary: "Alpine Linux: root file systems from the minimal archive, packages by apk.",
        distributions: [
            Distribution(
                name: "alpine", versions: ["3.20", "3.21", "3.22"], architectures: ["x86_64", "arm64"],
                family: "alpine", shell: .posix)
        ],
        options: RootSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let variables = OpamVariables(os: "linux", distribution: "alpine", family: "alpine", version: request.version)
        return try system.target(request, variables) { packages in
            [
                bootstrap(release: request.version, machine: request.machine),
                Step(
                    "install-base", phase: .bootstrap, script: "apk update\napk add \(shellQuoted(packages))\n",
                    user: .root, network: true, idempotent: true),
                LinuxRoot.createBusyboxUser,
            ]
        }
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "Alpine has no such package",
            included: Set(system.packages),
            separators: [.init("@", keeps: .before, reason: "the part after '@' names a repository")])
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [ApkFamily.manager.step(packages)]
    }

    var versionQuery: String? { ApkFamily.versionQuery }

    let patterns =
        ApkFamily.patterns + [
            LogPattern(
                "apk-lock", .runner, #"^ERROR: Unable to lock database"#, literals: ["Unable to lock database"],
                phase: .depext, phases: [.depext], class: "apk is locked",
                examples: [
                    .init(
                        "ERROR: Unable to lock database: temporary error",
                        "ERROR: Unable to lock database: temporary error")
                ])
        ]

    /// Unpacks the minimal root archive of the newest release of the branch, whose checksum the mirror publishes.
    private func bootstrap(release: String, machine: String) -> Step {
        Step(
            "bootstrap-root", phase: .bootstrap,
            script: """
                mirror=${CISO_MIRROR_ALPINE:-https://dl-cdn.alpinelinux.org/alpine}
                releases=$mirror/v\(release)/releases/\(machine)
                cd "$CISO_CACHE"
                curl -fsSL --retry 3 -o latest-releases.yaml "$releases/latest-releases.yaml"
                awk '$1 == "file:" { file = $2 } $1 == "sha256:" && file ~ /^alpine-minirootfs-/ { print $2 "  " file; exit }' \\
                    latest-releases.yaml >minirootfs.sha256
                archive=$(sed -e 's/.*  //' minirootfs.sha256)
                if ! sha256sum -c minirootfs.sha256 >/dev/null 2>&1; then
                    curl -fsSL --retry 3 -o "$archive.part" "$releases/$archive"
                    mv "$archive.part" "$archive"
                    sha256sum -c minirootfs.sha256
                fi
                tar -x -z --numeric-owner -C "$CISO_ROOT" -f "$archive"
                printf '%s\\n' "$mirror/v\(release)/main" "$mirror/v\(release)/community" \\
                    >"$CISO_ROOT/etc/apk/repositories"

                """,
            place: .worker, user: .root, network: true)
    }
}

private let system = RootSystem(
    packages: ApkFamily.basePackages,
    tools: ["awk", "curl", "sha256sum", "tar"].map { Tool($0) }, isRolling: true)

private let renamed = [
    "gcc-c++": [], "gcc-g++": [], "g++": [], "libc-dev": [], "gst-plugins-base1-dev": ["gst-plugins-base-dev"],
    "gstreamer1-dev": ["gstreamer-dev"], "libmaxminddb": ["libmaxminddb-dev"],
]

private let absent = [
    "boost1.76-filesystem@edge", "boost1.76-thread@edge", "cygwin", "dpkg-dev", "fedora", "gnome-icon-theme",
    "gtk-mac-integration", "gtksourceview-dev", "gtksourceview2-dev", "homebrew", "libart-lgpl-dev", "libglade-dev",
    "llvm10-dev", "llvm11-dev", "llvm12-dev", "llvm13-dev", "llvm14-dev", "llvm3.9-dev", "llvm4-dev", "llvm5-dev",
    "llvm6-dev", "llvm7-dev", "llvm8-dev", "llvm9-dev", "mingw-w64-i686-libglade", "oraclelinux", "osx",
    "postgresql14-dev", "python", "python2", "rust-llvm",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Alpine(), to: hostABI) }
