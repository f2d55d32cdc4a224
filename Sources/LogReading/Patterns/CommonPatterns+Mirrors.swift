internal import PluginMessages

extension CommonPatterns {
    /// Messages of package managers and download programs about mirrors that fail.
    static let mirrors = [
        LogPattern(
            "apt-mirror", .mirror,
            #"E: Failed to fetch|Hash Sum mismatch|does not have a Release file|is no longer signed|is not signed|NO_PUBKEY|GPG error|Clearsigned file isn't valid|is not valid yet|File has unexpected size|Release file .* is expired"#,
            literals: [
                "Hash Sum mismatch", "Failed to fetch", "does not have a Release file", "is no longer signed",
                "NO_PUBKEY", "GPG error", "isn't valid", "is not valid yet", "is not signed",
                "nable to fetch some archives", "is expired", "File has unexpected size",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"E: Failed to fetch http://mirror.example/pool/x.deb  404  Not Found"#,
                    #"E: Failed to fetch <url> 404 Not Found"#)
            ]),
        LogPattern(
            "apt-mirror-warning", .mirror,
            #"W: Failed to fetch|Unable to fetch some archives|^[EW]: Some index files failed"#, precedence: .likely,
            literals: [
                "Failed to fetch", "nable to fetch some archives", "index files failed",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"W: Failed to fetch http://mirror.example/dists/x/InRelease  Temporary failure"#,
                    #"W: Failed to fetch <url> Temporary failure"#)
            ]),
        LogPattern(
            "apt-broken", .mirror,
            #"you have held broken packages|[Uu]nmet dependencies|but it is not (?:going to be installed|installable)|^dpkg: error|^E: Sub-process |trying to overwrite "#,
            precedence: .likely,
            literals: [
                "held broken packages", "Unmet dependencies", "unmet dependencies", "not going to be installed",
                "not installable", "dpkg: error", "Sub-process ", "ing to overwrite",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"E: Unable to correct problems, you have held broken packages."#,
                    #"E: Unable to correct problems, you have held broken packages."#)
            ]),
        LogPattern(
            "dnf-mirror", .mirror,
            #"Failed to download metadata|Cannot download repomd|Cannot retrieve (?:repository metadata|metalink)|No more mirrors to try|[Aa]ll mirrors were (?:already )?tried|GPG check FAILED|Errors during downloading|^Curl error|Cannot find a valid baseurl|not found on medium|Valid metadata not found|Signature verification failed|\(curl\) error|^(?:Error: )?Failed to (?:retrieve|synchronize cache)|Repository '[^']*' (?:is invalid|needs)"#,
            literals: [
                "Failed to download", "repomd", "more mirrors", "mirrors were tried", "GPG check FAILED",
                "during downloading", "Curl error", "Download (curl)",
                "metadata for re", "mirrorlist", "Signature verification failed",
                "not found on medium", "Valid metadata not found", "Failed to retrieve", "Failed to synchronize",
                "Repository '", "epository ",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"Error: Failed to download metadata for repo 'fedora': Cannot download repomd.xml"#,
                    #"Error: Failed to download metadata for repo 'fedora': Cannot download repomd.xml"#)
            ]),
        LogPattern(
            "pacman-mirror", .mirror,
            #"^error: failed (?:retrieving file|to synchronize|to update)|is (?:unknown|marginal) trust|^error: .*invalid or corrupted|could not be looked up remotely|failed to commit transaction|^error: .*Unrecognized archive format|secret key available to sign|keyring is not writable|key .* could not be imported|: invalid or corrupted"#,
            literals: [
                "failed retrieving file", "failed to synchronize", "unknown trust", "marginal trust",
                "nvalid or corrupted", "could not be looked up", "failed to commit transaction", "is corrupted",
                "Unrecognized archive format", "failed to update", "secret key available", "keyring is not writable",
                "could not be imported", "PGP signature",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"error: failed retrieving file 'gmp.pkg.tar.zst' from mirror.example : Operation too slow"#,
                    #"error: failed retrieving file 'gmp.pkg.tar.zst' from mirror.example : Operation too slow"#)
            ]),
        LogPattern(
            "apk-mirror", .mirror,
            #"BAD signature|UNTRUSTED signature|BAD archive|temporary error \(try|^(?:ERROR|WARNING): .*: (?:temporary error|network error|DNS |IO ERROR)|package mentioned in index not found"#,
            literals: [
                "BAD signature", "UNTRUSTED signature", "BAD archive", "temporary error", "network error", "IO ERROR",
                "package mentioned in index", ": DNS ",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"WARNING: fetching https://mirror.example/APKINDEX.tar.gz: temporary error (try again later)"#,
                    #"WARNING: fetching <url> temporary error (try again later)"#)
            ]),
        LogPattern(
            "pkg-mirror", .mirror,
            #"^pkg: (?:repository meta|Repository \S+ (?:load error|cannot be opened)|https?://|Unable to update|An error occur|invalid signature|wrong architecture|No trusted|Error (?:extracting|fetching)|.*(?:corrupt|checksum))|^pkg_add: .*(?:https?://|[Ss]ignature|[Cc]an't process)|^https?://\S+: (?:ftp|TLS|no such|Error|empty)|^ftp: |^signify: |^pkgin: (?:Could not fetch|.*[Nn]etwork|empty|.*mismatch)"#,
            literals: [
                "pkg: ", "load error", "wrong version", "pkg_add: ", "pkgin: ", "signify: ", "ftp: ", "no such dir",
                "Unable to update repository", "Error updating repositor",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"pkg: An error occured while fetching package"#,
                    #"pkg: An error occured while fetching package"#),
                .init(
                    #"ftp: connect: Operation timed out"#,
                    #"ftp: connect: Operation timed out"#),
            ]),
        LogPattern(
            "pkg-mirror-summary", .mirror,
            #"Unable to update repository|Error updating repositories"#, precedence: .likely,
            literals: [
                "Unable to update repository", "Error updating repositor",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"Error updating repositories!"#,
                    #"Error updating repositories!"#)
            ]),
        LogPattern(
            "brew-mirror", .mirror,
            #"^Error: .*(?:Failed to download resource|SHA256 mismatch)|^Error: Download failed"#,
            literals: [
                "Failed to download resource", "SHA256 mismatch", "Bottle ", "Download failed",
            ], phases: [.depext], class: "mirror",
            examples: [
                .init(
                    #"Error: gmp: Failed to download resource "gmp--6.3.0""#,
                    #"Error: gmp: Failed to download resource 'gmp--<ver>'"#)
            ]),
        LogPattern(
            "curl-http", .mirror,
            #"curl: \((22)\) The requested URL returned error: (\d+)"#,
            literals: [
                "requested URL returned error"
            ], phases: [.fetch, .depext], class: "HTTP *",
            examples: [
                .init(
                    #"curl: (22) The requested URL returned error: 503"#,
                    #"curl: (22) The requested URL returned error: 503"#)
            ]),
        LogPattern(
            "http-missing", .mirror,
            #"curl(?:: code| error code) (\d+)|ERROR (4\d\d|5\d\d): |\b(404:? Not Found|403 Forbidden|50[0234] [A-Z][a-z]+)\b|[Ss]tatus code:? (404|403|50\d)|HTTP(?: request sent.*|/[0-9.]+| [Ee]rror| status)? (404|403|50\d)"#,
            precedence: .likely,
            literals: [
                "ode 404", "curl: code", "curl error code", "rror 404", "rror 403", "ode 403", "404 Not Found",
                "404: Not Found", "403 Forbidden", "rror 5", "ode 5", " 502 ", " 503 ", " 504 ",
            ], phases: [.fetch, .depext], class: "HTTP *",
            examples: [
                .init(
                    #"curl: code 404 while downloading https://example.org/x.tbz"#,
                    #"curl: code 404 while downloading <url>"#)
            ]),
    ]
}
