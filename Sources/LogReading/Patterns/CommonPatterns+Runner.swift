internal import PluginMessages

extension CommonPatterns {
    /// Problems of the machine and the software that run builds.
    static let runner = [
        LogPattern(
            "docker", .runner,
            #"Cannot connect to the Docker daemon|Error response from daemon|OCI runtime (?:create|exec) failed|failed to compute cache key|pull rate limit|(?:runner|worker) has received a shutdown|lost communication with the server|[Ss]elf-hosted runner|hosted runner .*lost|^Error: The operation was cancel"#,
            literals: [
                "ocker daemon", "response from daemon", "OCI runtime", "failed to compute cache key",
                "pull rate limit", "shutdown signal", "lost communication with", "received a shutdown",
                "hosted runner", "operation was cancel",
            ], class: "container",
            examples: [
                .init(
                    #"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"#,
                    #"Cannot connect to the Docker daemon at unix://<path> Is the docker daemon running?"#)
            ]),
        LogPattern(
            "container-start", .runner,
            #"unable to start container process|error during container init|failed to register layer|[Ee]rror processing tar file|Job failed \(system failure\)|btrfs subvolume|^cannot (?:open|create|destroy|snapshot|clone) '[^']+': dataset "#,
            literals: [
                "unable to start container", "during container init", "failed to register layer",
                "rror processing tar file", "(system failure)", "btrfs subvolume", ": dataset ",
            ], class: "container",
            examples: [
                .init(
                    #"runc run failed: unable to start container process: error mounting 'proc'"#,
                    #"runc run failed: unable to start container process: error mounting 'proc'"#)
            ]),
        LogPattern(
            "qemu", .runner,
            #"^qemu(?:-\S+)?: (?!.*\bwarning\b)"#,
            literals: [
                "qemu-", "qemu: ",
            ], class: "qemu",
            examples: [
                .init(
                    #"qemu: uncaught target signal 11 (Segmentation fault) - core dumped"#,
                    #"qemu: uncaught target signal 11 (Segmentation fault) - core dumped"#)
            ]),
        LogPattern(
            "exec-format", .runner,
            #"[Ee]xec format error|cannot execute binary file"#,
            literals: [
                "xec format error", "cannot execute binary file",
            ], class: "wrong machine's program",
            examples: [
                .init(
                    #"exec /bin/sh: exec format error"#,
                    #"exec <path>: exec format error"#)
            ]),
        LogPattern(
            "sudo", .runner,
            #"sudo: (?:a password|a terminal|no tty)|not in the sudoers|^doas: (?!.*not found)"#,
            literals: [
                "password is required", "terminal is required", "no tty present", "not in the sudoers", "doas: ",
            ], class: "no rights",
            examples: [
                .init(
                    #"sudo: a password is required"#,
                    #"sudo: a password is required"#)
            ]),
        LogPattern(
            "locked", .runner,
            #"Could not get lock|[Uu]nable to lock database|Unable to acquire the dpkg|dpkg was interrupted|Cannot get an? (?:exclusive|advisory|read) lock on|process (?:has already locked|is already)|Another process has locked|System management is locked|currently holding the (?:yum|dnf) lock|database is already locked"#,
            literals: [
                "Could not get lock", "Unable to lock database", "unable to lock database",
                "nother process has locked", "lready locked", "lock is held", "another instance",
                "Unable to acquire the dpkg", "dpkg was interrupted", "annot get an advisory lock",
                "annot get a read lock", "annot get an exclusive lock", "currently in use by",
                "System management is locked", "nother app is currently holding", "already locked",
            ], class: "locked",
            examples: [
                .init(
                    #"E: Could not get lock /var/lib/dpkg/lock-frontend."#,
                    #"E: Could not get lock <path>"#)
            ]),
        LogPattern(
            "opam-client", .runner,
            #"(?:^|[/ ])opam(?:-[0-9.]+)?: (?:(?:command )?not found|No such file)|^\[ERROR\] Opam has not been initialised|No switch is (?:currently )?set|[Aa]nother opam"#,
            literals: [
                "opam: not", "opam: command", "opam: No", "opam-2", "opam-1", "has not been initialised",
                "No switch is currently set", "No switch is set", "nother opam", "opam root",
            ], class: "opam client",
            examples: [
                .init(
                    #"sh: 1: opam: not found"#,
                    #"opam: not found"#)
            ]),
        LogPattern(
            "git-owner", .runner,
            #"dubious ownership|unsafe repository"#,
            literals: [
                "dubious ownership", "unsafe repository",
            ], class: "repository's owner",
            examples: [
                .init(
                    #"fatal: detected dubious ownership in repository at '/src'"#,
                    #"fatal: detected dubious ownership in repository at '<path>'"#)
            ]),
        LogPattern(
            "disk-error", .runner,
            #"(?:: |exception )[Ii]nput/output error|Stale (?:NFS )?file handle|Structure needs cleaning|: Text file busy$"#,
            literals: [
                "nput/output error", "Stale file handle", "Stale NFS file handle", "Structure needs cleaning",
                "Text file busy",
            ], class: "disk error",
            examples: [
                .init(
                    #"cp: error reading 'x.tar': Input/output error"#,
                    #"cp: error reading 'x.tar': <path> error"#)
            ]),
        LogPattern(
            "clock-skew", .runner,
            #"warning:\s+Clock skew detected"#, precedence: .vague,
            literals: [
                "lock skew detected"
            ], class: "clock skew",
            examples: [
                .init(
                    #"make: warning:  Clock skew detected.  Your build may be incomplete."#,
                    #"make: warning: Clock skew detected. Your build may be incomplete."#)
            ]),
        LogPattern(
            "permission", .permission,
            #"[Pp]ermission denied|[Oo]peration not permitted|\b(?:EACCES|EPERM)\b"#, precedence: .likely,
            exclusion: #"publickey|^warning:|^find: "#,
            literals: [
                "ermission denied", "peration not permitted", "EACCES", "EPERM",
            ], class: "permission denied",
            examples: [
                .init(
                    #"mkdir: cannot create directory '/usr/local/lib/foo': Permission denied"#,
                    #"mkdir: cannot create directory '<path>': Permission denied"#)
            ]),
    ]
}
