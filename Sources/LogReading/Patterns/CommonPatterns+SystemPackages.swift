internal import PluginMessages

extension CommonPatterns {
    /// Messages of package managers about packages that they do not have.
    static let systemPackages = [
        LogPattern(
            "apt-unknown", .missingSystemPackage,
            #"E: Unable to locate package (\S+)|E: Package '?([^' ]+)'? has no installation candidate|E: Couldn't find any package by (?:glob|regex) '([^']+)'|E: Version '[^']*' for '([^']+)' was not found"#,
            literals: [
                "Unable to locate package", "no installation candidate", "find any package by", "was not found",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"E: Unable to locate package libfoo-dev"#,
                    #"E: Unable to locate package libfoo-dev"#),
                .init(
                    #"E: Package 'libpcre3-dev' has no installation candidate"#,
                    #"E: Package 'libpcre3-dev' has no installation candidate"#),
            ]),
        LogPattern(
            "dnf-unknown", .missingSystemPackage,
            #"^No match for argument: (\S+)|^No package (\S+) available|^(?:Problem: )?[Nn]o provider of '([^']+)'|^Package '([^']+)' not found\.|nothing provides (\S+)"#,
            literals: [
                "No match for argument", "No package ", "No provider of", "not found in package names",
                "no package providing",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"No match for argument: libfoo-devel"#,
                    #"No match for argument: libfoo-devel"#)
            ]),
        LogPattern(
            "pacman-unknown", .missingSystemPackage,
            #"^error: target not found: (\S+)"#,
            literals: [
                "target not found", "database not found",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"error: target not found: libfoo"#,
                    #"error: target not found: libfoo"#)
            ]),
        LogPattern(
            "apk-unknown", .missingSystemPackage,
            #"(\S+) \(no such package\)"#,
            literals: [
                "(no such package)"
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"libfoo-dev (no such package):"#,
                    #"libfoo-dev (no such package):"#)
            ]),
        LogPattern(
            "pkg-unknown", .missingSystemPackage,
            #"No packages available to install matching '([^']+)'|^(?:pkgin: )?(\S+) is not available in the repository|no pkg found for '?([^' ,]+)|Package '([^']+)' not found in (?:the )?repository pool|there are no ebuilds to satisfy "?([^" ]+)|ebuilds that could satisfy "([^"]+)""#,
            literals: [
                "No packages available to install", "not available in the repository", "no pkg found for",
                "in the repository pool", "in repository pool", "there are no ebuilds", "ebuilds that could satisfy",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"pkg: No packages available to install matching 'libfoo' have been found in the repositories"#,
                    #"pkg: No packages available to install matching 'libfoo' have been found in the repositories"#),
                .init(
                    #"libfoo is not available in the repository"#,
                    #"libfoo is not available in the repository"#),
            ]),
        LogPattern(
            "pkg-add-unknown", .missingSystemPackage,
            #"^(?:pkg_add: )?Can't find (\S+)$|^Ambiguous: (?:choose package for )?(\S+)(?=$| could be)"#,
            literals: [
                "Can't find ", "Ambiguous: ",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"Can't find libfoo"#,
                    #"Can't find libfoo"#),
                .init(
                    #"Ambiguous: choose package for autoconf"#,
                    #"Ambiguous: choose package for autoconf"#),
            ]),
        LogPattern(
            "brew-unknown", .missingSystemPackage,
            #"No available formula (?:or cask )?with the name ["`']?([^"'` ]+)|No formulae (?:or casks )?found for ([^. ]+)|^Error: Port (\S+) not found"#,
            literals: [
                "No available formula", "No formulae found", "Port ",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"Error: No available formula with the name "libfoo"."#,
                    #"Error: No available formula with the name 'libfoo'."#)
            ]),
        LogPattern(
            "opam-depext", .missingSystemPackage,
            #"depends on the unavailable system packages? ('?[^' ]+'?)|[Nn]o longer available system package"#,
            literals: [
                "unavailable system package", "system package",
            ], phases: [.depext], class: "no system package *",
            examples: [
                .init(
                    #"[ERROR] Package conf-foo depends on the unavailable system package 'foo-devel'."#,
                    #"[ERROR] Package conf-foo depends on the unavailable system package 'foo-devel'."#)
            ]),
        LogPattern(
            "no-match-summary", .missingSystemPackage,
            #"^Error: Unable to find a match|^Error: Nothing to do"#,
            precedence: .likely,
            literals: [
                "Unable to find a match", "Nothing to do",
            ], phases: [.depext], class: "no system package",
            examples: [
                .init(
                    #"Error: Unable to find a match: libfoo-devel"#,
                    #"Error: Unable to find a match: libfoo-devel"#)
            ]),
        // apk names the package in the next line.
        LogPattern(
            "apk-summary", .missingSystemPackage, #"unable to select packages|unsatisfiable constraints"#,
            precedence: .possible,
            literals: [
                "unable to select packages", "unsatisfiable constraints",
            ], phases: [.depext], class: "no system package",
            examples: [
                .init(
                    #"ERROR: unable to select packages:"#,
                    #"ERROR: unable to select packages:"#)
            ]),
    ]
}
