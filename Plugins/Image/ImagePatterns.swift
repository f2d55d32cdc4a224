internal import PluginKit

/// The messages of package managers about missing packages and failing mirrors.
enum ImagePatterns {
    static let all = AptFamily.patterns + DnfFamily.patterns + PacmanFamily.patterns + ApkFamily.patterns + own

    /// The patterns of package managers that no shared type covers.
    private static let own = [
        missing(
            "zypper-missing", #"^No provider of '([^']+)' found\.$"#, "No provider of",
            "No provider of 'libfoo-devel' found."),
        missing(
            "xbps-missing", #"^(?:ERROR: )?Package '([^']+)' not found in repository pool\.$"#,
            "not found in repository pool",
            "ERROR: Package 'libfoo-devel' not found in repository pool."),
        mirror(
            "zypper-fetch",
            #"^(?:Download \(curl\) error for|Failed to retrieve new repository metadata|Problem retrieving files from|Some of the repositories have not been refreshed|Repository '.*' is invalid\.)"#,
            [
                "(curl) error for", "Failed to retrieve", "Problem retrieving", "have not been refreshed",
                "is invalid.",
            ], "zypper cannot fetch",
            "Problem retrieving files from 'Main Repository'."),
        mirror(
            "xbps-fetch", #"^ERROR: \[reposync\] failed to fetch file"#, ["failed to fetch file"], "xbps cannot fetch",
            "ERROR: [reposync] failed to fetch file"),
    ]

    private static func missing(_ name: String, _ expression: String, _ literal: String, _ line: String) -> LogPattern {
        LogPattern(
            name, .missingSystemPackage, expression, literals: [literal], phase: .depext, phases: [.depext],
            class: "no system package *", examples: [.init(line, line)])
    }

    private static func mirror(
        _ name: String, _ expression: String, _ literals: [String], _ title: String, _ line: String
    ) -> LogPattern {
        LogPattern(
            name, .mirror, expression, literals: literals, phase: .depext, phases: [.depext], class: title,
            examples: [.init(line, line)])
    }
}
