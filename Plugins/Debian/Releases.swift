import PluginKit

/// A release of Debian.
struct Release {
    let version: String
    let suite: String
    /// The version of its package `ocaml`.
    let ocaml: String
    /// The version of its package `opam`.
    let opam: String
    /// Depexts of opam-repository that have other names in this release.
    let renamed: [String: [String]]
    /// Depexts of opam-repository that `main` lacks.
    let absent: Set<String>

    var names: SystemPackageNames {
        SystemPackageNames(
            renamed: renamedEverywhere.merging(renamed) { $1 },
            absent: Dictionary(
                uniqueKeysWithValues: absentEverywhere.union(absent).map {
                    ($0, "\(suite) has no such package in main")
                }),
            included: Set(AptFamily.basePackages))
    }
}

/// Checked against the package lists of all three releases.
let releases = [
    Release(
        version: "11", suite: "bullseye", ocaml: "4.11.1", opam: "2.0.8",
        renamed: ["libwxgtk3.0-dev": ["libwxgtk3.0-gtk3-dev"]],
        absent: [
            "libantic-dev", "libcalcium-dev", "libgammu-dev", "libgtk-4-dev", "libwxgtk-media3.0-dev",
            "libwxgtk-webview3.0-dev", "llvm-10-dev", "llvm-12-dev", "llvm-14-dev", "llvm-15-dev", "llvm-17-dev",
            "llvm-18-dev", "llvm-19-dev", "python3-tomli", "rust-llvm",
        ]),
    Release(
        version: "12", suite: "bookworm", ocaml: "4.13.1", opam: "2.1.2",
        renamed: wxWidgets32.merging(["python": ["python-is-python3"], "libsecp256k1-0": ["libsecp256k1-1"]]) { $1 },
        absent: [
            "llvm-10-dev", "llvm-11-dev", "llvm-12-dev", "llvm-17-dev", "llvm-18-dev", "llvm-9-dev", "python2.7",
            "python2.7-dev", "rust-llvm",
        ]),
    Release(
        version: "13", suite: "trixie", ocaml: "5.3.0", opam: "2.3.0",
        renamed: wxWidgets32.merging([
            "libargon2-0": ["libargon2-1"], "liblz4-tool": ["lz4"], "libnauty2-dev": ["libnauty-dev"],
            "libsecp256k1-0": ["libsecp256k1-2"], "python": ["python-is-python3"],
        ]) { $1 },
        absent: [
            "libantic-dev", "libcalcium-dev", "libclang-13-dev", "libclang-14-dev", "libclang-16-dev",
            "libclang-cpp13-dev", "libclang-cpp14-dev", "libclang-cpp16-dev", "libflint-arb-dev", "libglade2-dev",
            "libpcre3-dev", "llvm-10-dev", "llvm-11-dev", "llvm-12-dev", "llvm-13-dev", "llvm-14-dev", "llvm-15-dev",
            "llvm-16-dev", "llvm-9-dev", "python2.7", "python2.7-dev", "python3-distutils", "sdpa",
        ]),
]

private let renamedEverywhere = [
    "gcc-c++": [], "gcc-g++": [],
    "libmariadbclient-dev": ["libmariadb-dev"], "libmaxminddb": ["libmaxminddb-dev"],
    "libopenjpeg-dev": ["libopenjp2-7-dev"], "libsoundtouch0-dev": ["libsoundtouch-dev"],
    "linux-headers": ["linux-libc-dev"], "python-rdkit": ["python3-rdkit"],
]

private let wxWidgets32 = [
    "libwxgtk3.0-dev": ["libwxgtk3.2-dev"], "libwxgtk-media3.0-dev": ["libwxgtk-media3.2-dev"],
    "libwxgtk-webview3.0-dev": ["libwxgtk-webview3.2-dev"], "wx3.0-headers": ["wx3.2-headers"],
]

/// Names of older releases and of other systems.
private let absentEverywhere: Set<String> = [
    "blktap-dev", "clang-3.4", "clang-3.5", "clang-3.6", "clang-3.7", "clang-3.8", "clang-3.9", "cygwin", "fedora",
    "gtk-mac-integration", "homebrew", "libclang-3.4-dev", "libclang-3.5-dev", "libclang-3.6-dev", "libclang-3.7-dev",
    "libclang-3.8-dev", "libclang-3.9-dev", "libfdk-aac-dev", "libfswatch-dev", "libgrib-api-dev",
    "libgstreamer0.10-dev", "libgtksourceview2.0-dev", "libjasper-dev", "libjavascriptcoregtk-3.0-dev",
    "liblldb-3.5-dev", "libopencc1", "libopencc2", "libqt4-dev", "libschroedinger-dev", "llvm-3.4-dev", "llvm-3.5-dev",
    "llvm-3.6-dev", "llvm-3.7-dev", "llvm-3.8-dev", "llvm-3.9-dev", "llvm-4.0-dev", "llvm-5.0-dev", "llvm-6.0-dev",
    "llvm-7-dev", "llvm-8-dev", "mingw-w64-i686-libglade", "oraclelinux", "osx", "qt4-qmake", "radare2", "zig",
]
