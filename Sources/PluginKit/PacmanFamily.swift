public import PluginMessages

/// What Arch Linux and its derivatives have in common: packages installed by pacman.
public enum PacmanFamily {
    /// pacman. If the lists are missing or older than the mirror, they are fetched again and installed packages are
    /// upgraded, because pacman does not support partial upgrades. Errors about old lists are not printed, because the
    /// new lists may have the package.
    public static let manager = PackageManager(
        install: """
            pacman -Sp "$@" >/dev/null 2>&1 && pacman -S --noconfirm --needed "$@" ||
                pacman -Syu --noconfirm --needed "$@"
            find "$(pacman-conf CacheDir)" -type f -exec rm -f {} +
            """)

    /// Prints the versions of the installed packages `"$@"`.
    public static let versionQuery = #"pacman -Q "$@""#

    /// pacman's messages about missing packages, unavailable mirrors and other pacman processes.
    public static let patterns = [
        LogPattern(
            "pacman-target", .missingSystemPackage, #"^error: target not found: (\S+)$"#,
            literals: ["target not found"],
            phase: .depext, phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    "error: target not found: libfoo",
                    "error: target not found: libfoo")
            ]),
        LogPattern(
            "pacman-fetch", .mirror,
            #"^error: failed (?:retrieving file|to synchronize all databases|to commit transaction \(failed to retrieve)"#,
            literals: ["error: failed"], phase: .depext, phases: [.depext], class: "pacman cannot fetch",
            examples: [
                .init(
                    "error: failed retrieving file 'gmp.pkg.tar.zst' from mirror.example : Connection timed out",
                    "error: failed retrieving file 'gmp.pkg.tar.zst' from mirror.example : Connection timed out")
            ]),
        LogPattern(
            "pacman-lock", .runner, #"^error: failed to init transaction \(unable to lock database\)"#,
            literals: ["unable to lock database"], phase: .depext, phases: [.depext], class: "pacman is locked",
            examples: [
                .init(
                    "error: failed to init transaction (unable to lock database)",
                    "error: failed to init transaction (unable to lock database)")
            ]),
    ]
}
