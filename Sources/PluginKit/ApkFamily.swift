public import PluginMessages

/// What Alpine and its derivatives have in common: packages installed by apk.
public enum ApkFamily {
    /// Packages that every build of an opam package may use: GNU tools that opam files expect, and tools that opam
    /// itself runs.
    public static let basePackages = [
        "bash", "build-base", "bzip2", "coreutils", "curl", "diffutils", "findutils", "git", "linux-headers", "m4",
        "musl-dev", "patch", "pkgconf", "rsync", "tar", "unzip", "xz",
    ]

    /// apk, which fetches its package lists each time.
    public static let manager = PackageManager(install: #"apk add --no-cache "$@""#)

    /// Prints the versions of the installed packages `"$@"`.
    public static let versionQuery = #"""
        for package in "$@"; do
            apk list --installed "$package" | sed -n "s/^$package-\([0-9][^ ]*\) .*/$package \1/p"
        done
        """#

    /// apk's messages about missing packages and unavailable mirrors.
    public static let patterns = [
        LogPattern(
            "apk-missing", .missingSystemPackage, #"^(\S+) \(no such package\):"#, literals: ["(no such package)"],
            phase: .depext, phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    "  libfoo-dev (no such package):",
                    "libfoo-dev (no such package):")
            ]),
        LogPattern(
            "apk-fetch", .mirror,
            #"^(?:ERROR|WARNING): .*: (?:temporary error|network error|DNS .*|Permission denied)|^WARNING: (?:opening|fetching|updating|Ignoring) .*: "#,
            literals: [
                "temporary error", "network error", ": DNS ", "Permission denied", "WARNING: opening",
                "WARNING: fetching",
                "WARNING: updating", "WARNING: Ignoring",
            ], phase: .depext,
            phases: [.depext], class: "apk cannot fetch",
            examples: [
                .init(
                    "WARNING: fetching https://mirror.example/APKINDEX.tar.gz: temporary error (try again later)",
                    "WARNING: fetching <url> temporary error (try again later)"),
                .init(
                    "WARNING: opening file:///srv/apk/x86_64/APKINDEX.tar.gz: No such file or directory",
                    "WARNING: opening <url> No such file or directory"),
                .init(
                    "ERROR: unable to select packages: network error (check Internet connection and firewall)",
                    "ERROR: unable to select packages: network error (check Internet connection and firewall)"),
            ]),
    ]
}
