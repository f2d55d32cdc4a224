internal import PluginMessages

extension CommonPatterns {
    /// Failures of the network between a machine and a server.
    static let network = [
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
            #"client_loop: send disconnect|packet_write_wait: |[Cc]onnection (?:refused|timed out|reset|closed by|was reset|aborted)|[Cc]ould ?n[o']t connect to (?:host|server)|[Ff]ailed to connect to|[Nn]etwork is (?:unreachable|down)|[Nn]o route to host|Operation timed out|i/o timeout|context deadline exceeded|\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b|ssh: connect to host"#,
            literals: [
                "onnection refused", "onnection timed out", "onnection reset", "onnect to host", "onnect to server",
                "ailed to connect", "onnection closed by", "onnection was reset", "etwork is unreachable",
                "etwork is down", "oute to host", "peration timed out", "i/o timeout", "deadline exceeded",
                "send disconnect", "packet_write_wait", "onnection aborted", "unexpectedly closed", "ECONNRE",
                "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH",
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
            "fetch", .network,
            #"^fetch: (?:transfer timed out|transfer closed|\S+: size (?:mismatch|unknown)|\S+: (?:Not Found|Forbidden|Gone|Bad Gateway|Service Unavailable|Internal Server Error|Gateway Time-out))"#,
            literals: [
                "fetch: "
            ], phases: [.fetch, .depext], class: "network: fetch",
            examples: [
                .init(
                    #"fetch: transfer timed out"#,
                    #"fetch: transfer timed out"#)
            ]),
        LogPattern(
            "opam-fetch", .network,
            #"Download_fail|Fetch_fail|[Ff]ailed to download|Could not update repository|Could not synchronize|[Dd]ownload failed|while downloading|over its data quota|^Error: failed to fetch source"#,
            precedence: .likely,
            literals: [
                "ownload_fail", "etch_fail", "failed to download", "Failed to download", "could not be obtained",
                "couldn't be obtained", "Could not update repository", "Could not synchron",
                "nitial download of repository", "download failed", "Download failed", "while downloading",
                "failed to fetch source", "over its data quota",
            ], phases: [.fetch, .depext], class: "network: download",
            examples: [
                .init(
                    #"[ERROR] OpamDownload.Download_fail(_, "x")"#,
                    #"[ERROR] OpamDownload.Download_fail(_, 'x')"#)
            ]),
    ]
}
