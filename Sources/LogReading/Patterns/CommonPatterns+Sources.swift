internal import PluginMessages

extension CommonPatterns {
    /// What downloads, checksums, patches and the solver of opam print.
    static let sources = [
        LogPattern(
            "resolve", .network,
            #"[Cc]ould ?n[o']t resolve (?:host(?:name)?|proxy)|name resolution|Resolving timed out|getaddrinfo|Name or service not known|nodename nor servname|dial tcp: lookup|unable to resolve host|[Ff]ailed to resolve|no such host"#,
            literals: [
                "resolve host", "name resolution", "esolving timed out", "getaddrinfo", "service not known",
                "nodename nor servname", "lookup ", "unable to resolve",
            ], phases: [.fetch, .depext], class: "network: name resolution",
            examples: [
                .init(
                    #"curl: (6) Could not resolve host: example.org"#,
                    #"curl: (6) Could not resolve host: <host>"#)
            ]),
        LogPattern(
            "connect", .network,
            #"[Cc]onnection (?:refused|timed out|reset|closed by|was reset|aborted)|[Cc]ould ?n[o']t connect to (?:host|server)|[Ff]ailed to connect to|[Nn]etwork is (?:unreachable|down)|[Nn]o route to host|Operation timed out|i/o timeout|context deadline exceeded|\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b|ssh: connect to host"#,
            literals: [
                "onnection refused", "onnection timed out", "onnection reset", "onnect to host", "onnect to server",
                "ailed to connect", "onnection closed by", "onnection was reset", "etwork is unreachable",
                "etwork is down", "oute to host", "peration timed out", "i/o timeout", "deadline exceeded",
                "onnection aborted", "unexpectedly closed", "ECONNRE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH",
                "onnect to ",
            ], phases: [.fetch, .depext], class: "network: connection",
            examples: [
                .init(
                    #"ssh: connect to host example.org port 22: Connection timed out"#,
                    #"ssh: connect to host <host> port <n>: Connection timed out"#)
            ]),
        LogPattern(
            "tls", .network,
            #"SSL (?:certificate problem|connect error|connection)|SSL_(?:connect|read|ERROR)|(?:TLS|SSL|gnutls)\S* ?handshake|gnutls_handshake|TLS connection was|[Cc]ertificate (?:verif|has expired|is not trusted|signed by unknown)|certificate verify failed|unable to get local issuer certificate|Unable to establish SSL|server certificate verification failed"#,
            literals: [
                "SSL certificate", "SSL connect", "SSL_connect", "SSL_read", "SSL_ERROR", "TLS connection",
                "andshake", "establish SSL", "ertificate ver", "ertificate has", "ertificate is", "ertificate sig",
                "ssuer certificate",
            ], phases: [.fetch, .depext], class: "network: TLS",
            examples: [
                .init(
                    #"curl: (60) SSL certificate problem: unable to get local issuer certificate"#,
                    #"curl: (60) SSL certificate problem: unable to get local issuer certificate"#)
            ]),
        LogPattern(
            "publickey", .network,
            #"Permission denied \(publickey"#,
            literals: [
                "Permission denied (publickey"
            ], phases: [.fetch, .depext], class: "network: ssh key",
            examples: [
                .init(
                    #"git@example.org: Permission denied (publickey)."#,
                    #"<url> Permission denied (publickey)."#)
            ]),
        LogPattern(
            "curl", .network,
            #"curl: \((\d+)\)|RPC failed; (?:curl (\d+)|HTTP (\d+)|result=(\d+))|[Cc]url failed.*exited with code (\d+)"#,
            literals: [
                "curl: (", "RPC failed", "curl failed", "Curl failed", "urlError",
            ], phases: [.fetch, .depext], class: "network: curl *",
            examples: [
                .init(
                    #"curl: (56) Recv failure"#,
                    #"curl: (56) Recv failure"#)
            ]),
        LogPattern(
            "git-remote", .network,
            #"hung up unexpectedly|early EOF|Could not read from remote repository|unable to access '|unexpected disconnect|exchange_identification|index-pack failed|could not read Username|Repository not found|[Cc]ouldn't find remote ref|Remote branch \S+ not found|repository '\S+' not found|Could not parse object|not our ref"#,
            precedence: .likely,
            literals: [
                "hung up unexpectedly", "early EOF", "ould not read from remote", "unable to access 'http",
                "unexpected disconnect", "xchange_identification", "index-pack failed", "invalid index-pack",
                "could not fetch", "ould not read Username", "Repository not found", "repository not found",
                "ouldn't find remote ref", "emote branch", "not parse object", "bad object", "not our ref",
                "Failed to connect",
            ], phases: [.fetch, .depext], class: "network: git",
            examples: [
                .init(
                    #"fatal: the remote end hung up unexpectedly"#,
                    #"fatal: the remote end hung up unexpectedly"#)
            ]),
        LogPattern(
            "wget", .network,
            #"^wget: (?:bad address|can't connect|server returned error|unable to|error getting response|download timed out|TLS error)"#,
            literals: [
                "wget: ", "download timed out", "ead error (",
            ], phases: [.fetch, .depext], class: "network: wget",
            examples: [
                .init(
                    #"wget: bad address 'example.org'"#,
                    #"wget: bad address 'example.org'"#)
            ]),
        LogPattern(
            "opam-fetch", .network,
            #"Download_fail|Fetch_fail|[Ff]ailed to download|Could not update repository|Could not synchronize|[Dd]ownload failed|while downloading"#,
            precedence: .likely,
            literals: [
                "ownload_fail", "etch_fail", "failed to download", "Failed to download", "could not be obtained",
                "couldn't be obtained", "Could not update repository", "Could not synchron",
                "nitial download of repository", "download failed", "Download failed", "while downloading",
            ], phases: [.fetch, .depext], class: "network: download",
            examples: [
                .init(
                    #"[ERROR] OpamDownload.Download_fail(_, "x")"#,
                    #"[ERROR] OpamDownload.Download_fail(_, 'x')"#)
            ]),
        LogPattern(
            "checksum", .checksum,
            #"[Bb]ad [Cc]hecksum|[Cc]hecksum (?:mismatch|error|failed|does not match|did not match)|[Mm]ismatched checksum|[Hh]ash mismatch|(?:sha\d+|md5)sum: WARNING: .* did NOT match|[Cc]hecksums? (?:for \S+ )?(?:do|does|did) n[o']t match|wrong checksum|[Ii]nvalid checksum|CHECKSUM MISMATCH|^(?:MD5|SHA\d+)\b.* differ"#,
            literals: [
                "hecksum", "sha256sum", "md5sum", "sha512sum", "hash mismatch", "Hash mismatch", "SHA256 mismatch",
                "did NOT match", " differ",
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
            #"tar: (?:This does not look like|Unrecognized archive format|Unexpected EOF|Child returned|Error opening archive|.*(?:Truncated|Damaged) tar)|^(?:gzip|bzip2|xz|gunzip|bunzip2|unxz): .*(?:not in \S+ format|unexpected end|crc error|corrupt|not recognized|integrity)|End-of-central-directory|not a (?:zip|tar|gzip)\b"#,
            literals: [
                "tar: This", "tar: Un", "tar: Child", "tar: Error", "tar: Trunc", "tar: Damag", " tar archive",
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
            #"^\* (?:No agreement on the version of|Missing dependency:|Incompatible packages|Packages? )|No agreement on the version of (\S+):|^\[ERROR\] No package named|No package named (\S+) found|not available for your system|Your request can't be satisfied|conflict with the base packages|Can't find all required versions|ResolutionImpossible|failed to select a version for|No matching distribution found for|resolution of the request timed out|dependencies could not be satisfied"#,
            literals: [
                "o agreement on the version", "Missing dependency:", "Incompatible packages", "Package conflict",
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
