internal import PluginKit

/// A family of package managers, with its names of the packages that every build may use.
struct ImagePackages {
    enum Family: String, CaseIterable {
        case apt, dnf, zypper, pacman, apk, xbps
    }

    let family: Family
    /// A C compiler, make and the programs that opam itself calls.
    let base: [String]
    /// The packages of the distribution's OCaml.
    let compiler: [String]
    let manager: PackageManager

    init(_ family: Family) {
        self.family = family
        switch family {
        case .apt:
            base = AptFamily.basePackages
            compiler = ["ocaml"]
            // Images contain no package lists.
            manager = PackageManager(
                install: """
                    apt-get update
                    apt-get install -y --no-install-recommends "$@"
                    apt-get clean
                    """, environment: ["DEBIAN_FRONTEND": "noninteractive"])
        case .dnf:
            base = [
                "bzip2", "ca-certificates", "diffutils", "findutils", "gcc", "gcc-c++", "git", "m4", "make", "patch",
                "pkgconf-pkg-config", "rsync", "tar", "unzip", "which", "xz",
            ]
            compiler = ["ocaml"]
            manager = DnfFamily.manager
        case .zypper:
            base = [
                "bzip2", "ca-certificates", "curl", "diffutils", "findutils", "gcc", "gcc-c++", "git", "gzip", "m4",
                "make", "patch", "pkg-config", "rsync", "tar", "unzip", "which", "xz",
            ]
            compiler = ["ocaml"]
            // 102, 103 and 106: the packages are installed, but the machine or zypper should be restarted, or a
            // repository was skipped.
            manager = PackageManager(
                install: """
                    zypper --non-interactive --gpg-auto-import-keys install --no-recommends "$@" || {
                        status=$?
                        case $status in
                            102 | 103 | 106) ;;
                            *) exit "$status" ;;
                        esac
                    }
                    zypper clean
                    """)
        case .pacman:
            base = ["base-devel", "ca-certificates", "curl", "git", "m4", "rsync", "unzip"]
            compiler = ["ocaml"]
            manager = PacmanFamily.manager
        case .apk:
            base = ApkFamily.basePackages
            compiler = ["ocaml", "ocaml-compiler-libs"]
            manager = ApkFamily.manager
        case .xbps:
            base = ["base-devel", "bash", "curl", "git", "m4", "rsync", "tar", "unzip", "xz"]
            compiler = ["ocaml"]
            // 16: xbps itself must be updated first.
            manager = PackageManager(
                install: """
                    xbps-install -S -y "$@" || {
                        status=$?
                        [ "$status" -eq 16 ] || exit "$status"
                        xbps-install -u -y xbps
                        xbps-install -y "$@"
                    }
                    """)
        }
    }
}
