internal import PluginKit

/// Arch Linux: the bootstrap archive, pacman.
struct ArchLinux: DistributionPlugin {
    let description = PluginDescription(
        name: "archlinux", version: "1.1.0",
        summary: "Arch Linux: root file systems from the bootstrap archive, packages by pacman.",
        distributions: [
            Distribution(name: "archlinux", versions: [], architectures: ["x86_64"], family: "arch", shell: .bash)
        ],
        options: [
            PluginOption(
                "snapshot", .text,
                summary:
                    "A day (2026/11/01): packages as the archive of Arch Linux had them then. Otherwise the newest.")
        ] + RootSystem.options)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let variables = OpamVariables(os: "linux", distribution: "arch", family: "arch", version: "rolling")
        return try system.target(request, variables) { packages in
            [try bootstrap(snapshot: request["snapshot"]), prepare(packages: packages), LinuxRoot.createUser]
        }
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed,
            absent: absent, because: "Arch Linux has no such package",
            included: [
                "autoconf", "automake", "binutils", "bison", "bzip2", "coreutils", "curl", "diffutils", "file",
                "findutils",
                "flex", "gcc", "git", "libtool", "m4", "patch", "pkgconf", "which", "xz",
            ], punctuation: "+-._@")
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        [PacmanFamily.manager.step(packages)]
    }

    let versionQuery: String? = PacmanFamily.versionQuery

    let patterns = PacmanFamily.patterns

    /// Unpacks the bootstrap archive, whose checksum the mirror also publishes.
    private func bootstrap(snapshot: String?) throws -> Step {
        var packages = #""$mirror/\$repo/os/\$arch""#
        if let snapshot {
            let parts = snapshot.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.map(\.count) == [4, 2, 2], parts.joined().utf8.allSatisfy({ (48...57).contains($0) }) else {
                throw Refusal("option 'snapshot': expected a day as in 2026/11/01, found '\(snapshot)'")
            }
            packages = #""https://archive.archlinux.org/repos/\#(snapshot)/\$repo/os/\$arch""#
        }
        return Step(
            "bootstrap-root", phase: .bootstrap,
            script: """
                mirror=${CISO_MIRROR_ARCHLINUX:-https://geo.mirror.pkgbuild.com}
                archive=archlinux-bootstrap-x86_64.tar.zst
                cd "$CISO_CACHE"
                curl -fsSL --retry 3 -o sha256sums.txt "$mirror/iso/latest/sha256sums.txt"
                grep " $archive\\$" sha256sums.txt >"$archive.sha256"
                if ! sha256sum -c "$archive.sha256" >/dev/null 2>&1; then
                    curl -fsSL --retry 3 -o "$archive.part" "$mirror/iso/latest/$archive"
                    mv "$archive.part" "$archive"
                    sha256sum -c "$archive.sha256"
                fi
                tar -x --zstd --strip-components=1 --numeric-owner -C "$CISO_ROOT" -f "$archive"
                echo "Server = \(packages.dropFirst().dropLast())" >"$CISO_ROOT/etc/pacman.d/mirrorlist"

                """,
            place: .worker, user: .root, network: true)
    }

    private func prepare(packages: [String]) -> Step {
        Step(
            "install-base", phase: .bootstrap,
            script: """
                sed -i -e 's/^CheckSpace/#&/' /etc/pacman.conf
                pacman-key --init
                pacman-key --populate archlinux
                pacman -Syu --noconfirm --needed \(shellQuoted(packages))
                find "$(pacman-conf CacheDir)" -type f -delete

                """,
            user: .root, network: true)
    }
}

private let system = RootSystem(
    packages: ["base-devel", "curl", "git", "rsync", "unzip"],
    tools: ["curl", "sha256sum", "tar", "zstd"].map { Tool($0) }, shell: Shell(path: "/bin/bash", family: .bash),
    isRolling: true)

private let renamed = [
    "cblas": ["blas"], "gcc-c++": [], "gcc-g++": [], "glfw-x11": ["glfw"], "lapacke": ["lapack"], "libgl": ["libglvnd"],
    "linux-headers": ["linux-api-headers"], "node": ["nodejs"], "texlive-core": ["texlive-basic"],
]

private let absent = [
    "cygwin", "fedora", "gtk-mac-integration", "homebrew", "mingw-w64-i686-libglade", "oraclelinux", "osx", "python2",
    "rust-llvm",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(ArchLinux(), to: hostABI) }
