internal import PluginMessages

extension CommonPatterns {
    /// Problems with sources, patches, archives and versions.
    static let sources = [
        LogPattern(
            "checksum", .checksum,
            #"[Bb]ad [Cc]hecksum|[Cc]hecksum (?:mismatch|error|failed|does not match|did not match)|[Mm]ismatched checksum|[Hh]ash mismatch|(?:sha\d+|md5)sum: WARNING: .* did NOT match|[Cc]hecksums? (?:for \S+ )?(?:do|does|did) n[o']t match|wrong checksum|[Ii]nvalid checksum|CHECKSUM MISMATCH|^gpg: Can't check signature|^gpg: BAD signature|^(?:MD5|SHA\d+)\b.* differ"#,
            literals: [
                "hecksum", "sha256sum", "md5sum", "sha512sum", "hash mismatch", "Hash mismatch", "SHA256 mismatch",
                "did NOT match", " differ", "check signature", "BAD signature",
            ], class: "checksum",
            examples: [
                .init(
                    #"foo.1: Checksum mismatch for https://example.org/foo.tgz"#,
                    #"foo.1: Checksum mismatch for <url>"#)
            ]),
        LogPattern(
            "sha-check", .checksum,
            #"\.(?:t[a-z0-9]+|zip|tar\.\S+|gz|xz|bz2): FAILED$"#, precedence: .likely,
            literals: [
                ": FAILED"
            ], class: "checksum",
            examples: [
                .init(
                    #"foo-1.2.tar.gz: FAILED"#,
                    #"foo-<ver>: FAILED"#)
            ]),
        LogPattern(
            "patch", .patch,
            #"^patch: \*\*\*\* |^Hunk #\d+ FAILED|^error: patch failed: |patch does not apply|[Cc]an't find file to patch|malformed patch|^error: corrupt patch|^\d+ out of \d+ hunks? (?:FAILED|failed|ignored)|No file to patch"#,
            literals: [
                "patch: ****", "Hunk #", "patch failed", "does not apply", "ile to patch", "patch does not",
                "alformed patch", "corrupt patch", "hunk FAILED", "hunk failed", "hunk ignored", "hunks FAILED",
                "hunks failed", "hunks ignored",
            ], class: "patch",
            examples: [
                .init(
                    #"Hunk #2 FAILED at 31."#,
                    #"Hunk #<n> FAILED at <n>."#),
                .init(
                    #"error: patch failed: src/a.c:10"#,
                    #"error: patch failed: <path>:<n>"#),
            ]),
        LogPattern(
            "patch-reversed", .patch,
            #"Reversed \(or previously applied\) patch|[Pp]atch .* could not be applied"#, precedence: .likely,
            literals: [
                "previously applied", "patch does not", "ould not be applied",
            ], class: "patch",
            examples: [
                .init(
                    #"Reversed (or previously applied) patch detected!  Assuming -R."#,
                    #"Reversed (or previously applied) patch detected! Assuming -R."#)
            ]),
        LogPattern(
            "archive", .checksum,
            #"tar: (?:This does not look like|.*Member name contains '\.\.'|Unrecognized archive format|Unexpected EOF|Child returned|Error opening archive|.*(?:Truncated|Damaged) tar)|^(?:gzip|bzip2|xz|gunzip|bunzip2|unxz): .*(?:not in \S+ format|unexpected end|crc error|corrupt|not recognized|integrity)|End-of-central-directory|not a (?:zip|tar|gzip)\b"#,
            exclusion: #"unable to run program|Can't launch external program"#,
            literals: [
                "tar: This", "tar: Un", "tar: Child", "ember name contains", "tar: Error", "tar: Trunc", "tar: Damag",
                " tar archive",
                "ot in gzip format", "crc error", "nexpected end of", "ormat not recognized", "bzip2: ", "ntegrity",
                "End-of-central", "not a zip", "unrecognized archive", "Unrecognized archive",
            ], class: "damaged archive",
            examples: [
                .init(
                    #"tar: This does not look like a tar archive"#,
                    #"tar: This does not look like a tar archive"#)
            ]),
        LogPattern(
            "solver", .solver,
            #"^\* (?:No agreement on the version of|Missing dependency:|Incompatible packages|Packages? )|No agreement on the version of (\S+):|^\[ERROR\] No package named|No package named (\S+) found|not available for your system|^Error: Unable to solve dependencies|Your request can't be satisfied|conflict with the base packages|Can't find all required versions|ResolutionImpossible|failed to select a version for|No matching distribution found for|resolution of the request timed out|dependencies could not be satisfied"#,
            literals: [
                "o agreement on the version", "Missing dependency:", "Incompatible packages", "Package conflict",
                "solve dependencies",
                "No solution", "no solution found", "No package named", "not available for your system",
                "unmet availability", "ould not be met", "can't be satisfied", "onflict with the base",
                "ll required versions", "ResolutionImpossible", "ailed to select a version", "No version matching",
                "could not be satisfied", "annot be satisfied", "resolution of the request",
                "No matching distribution", "Cannot be satisfied",
            ], class: "no solution",
            examples: [
                .init(
                    #"No agreement on the version of ocaml-base-compiler:"#,
                    #"No agreement on the version of ocaml-base-compiler:"#)
            ]),
        LogPattern(
            "solver-summary", .solver,
            #"Package conflict!|[Nn]o solution found|unmet availability conditions"#, precedence: .likely,
            literals: [
                "Package conflict!", "No solution found", "no solution found", "can't be satisfied",
                "unmet availability",
            ], class: "no solution",
            examples: [
                .init(
                    #"No solution found, exiting"#,
                    #"No solution found, exiting"#)
            ]),
    ]
}
