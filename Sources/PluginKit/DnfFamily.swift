public import PluginMessages

/// What Fedora and its derivatives have in common: packages installed by dnf.
public enum DnfFamily {
    /// dnf, without weak dependencies.
    public static let manager = PackageManager(
        install: """
            dnf install -y --setopt=install_weak_deps=False "$@"
            dnf clean packages
            """)

    /// Prints the versions of the installed packages `"$@"`.
    public static let versionQuery = #"rpm -q --qf '%{NAME} %{VERSION}-%{RELEASE}\n' "$@""#

    /// dnf's messages about missing packages and unavailable mirrors.
    public static let patterns = [
        LogPattern(
            "dnf-no-match", .missingSystemPackage, #"^No match for argument: (\S+)$"#,
            literals: ["No match for argument"],
            phase: .depext, phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    "No match for argument: libfoo-devel",
                    "No match for argument: libfoo-devel")
            ]),
        LogPattern(
            "dnf-fetch", .mirror,
            #"(?:^Error: Failed to download metadata for repo|^Errors during downloading|Curl error \(\d+\)|No more mirrors to try)"#,
            literals: ["Failed to download", "Errors during", "Curl error", "No more mirrors"], phase: .depext,
            phases: [.depext], class: "dnf cannot fetch",
            examples: [
                .init(
                    "Error: Failed to download metadata for repo 'fedora': Cannot download repomd.xml",
                    "Error: Failed to download metadata for repo 'fedora': Cannot download repomd.xml")
            ]),
    ]
}
