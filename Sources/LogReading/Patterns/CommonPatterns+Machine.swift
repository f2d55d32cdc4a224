internal import PluginMessages

extension CommonPatterns {
    /// Exhausted resources and failed operations of a machine: disk space, memory, time, sandboxes.
    static let machine = [
        LogPattern(
            "no-space", .noSpace,
            #"No space left on device|Disk quota exceeded|no space left on device|\b(?:ENOSPC|EDQUOT)\b|[Nn]ot enough free (?:disk )?space|don't have enough free space|more space needed on the|Partition \S+ too full|[Dd]isk is full|file ?system full"#,
            literals: [
                "No space left on device", "Disk quota exceeded", "no space left on device", "ENOSPC", "EDQUOT",
                "not enough free", "have enough free space", "free disk space", "more space needed", "too full:",
                "disk is full", "file system full", "filesystem full",
            ], class: "no space left",
            examples: [
                .init(
                    #"cp: error writing '/x/y': No space left on device"#,
                    #"cp: error writing '<path>': No space left on device"#)
            ]),
        LogPattern(
            "killed-compiler", .outOfMemory,
            #"Killed signal terminated program (\S+)|internal compiler error: Killed"#,
            literals: [
                "terminated program", "error: Killed",
            ], class: "killed for memory",
            examples: [
                .init(
                    #"gcc: fatal error: Killed signal terminated program cc1plus"#,
                    #"gcc: fatal error: Killed signal terminated program cc1plus"#)
            ]),
        LogPattern(
            "out-of-memory", .outOfMemory,
            #"[Cc]annot allocate memory|memory exhausted|[Oo]ut[ _]of[ _]memory|\bENOMEM\b|std::bad_alloc|oom-kill|OOM killer|[Nn]ot enough (?:heap )?memory|[Mm]emory allocation failed|[Ii]nsufficient memory|(?:[Cc]annot|can't) fork|fork: Resource temporarily|Resource temporarily unavailable|Too many open files"#,
            literals: [
                "annot allocate memory", "memory exhausted", "ut of memory", "ut_of_memory", "ENOMEM", "bad_alloc",
                "oom-kill", "OOM killer", "oom_reaper", "enough heap memory", "ot enough memory",
                "emory allocation failed",
                "nsufficient memory", "annot fork", "an't fork", "temporarily unavailable", "oo many open files",
            ], class: "out of memory",
            examples: [
                .init(
                    #"fork: Cannot allocate memory"#,
                    #"fork: Cannot allocate memory"#),
                .init(
                    #"Fatal error: exception Out_of_memory"#,
                    #"Fatal error: exception Out_of_memory"#),
            ]),
        LogPattern(
            "killed", .outOfMemory,
            #"^Killed(?:: 9)?$|: line \d+:\s+\d+ Killed|\*\*\* \[[^\]]*\] Killed|: Killed(?:: 9)?$|^\d+ Killed|got signal KILL|signal: 9, SIGKILL|killed by signal (?:9|KILL)|(?:exited with(?: exit)?(?: code| status)?|exit code:?|exit status) 137\b"#,
            precedence: .likely,
            literals: [
                "Killed", "signal KILL", "code 137", "code: 137", "status 137", "signal 9", "SIGKILL",
            ], class: "killed",
            examples: [
                .init(
                    #"Killed: 9"#,
                    #"Killed: <n>"#),
                .init(
                    #"make[1]: *** [Makefile:9: all] Killed"#,
                    #"make: *** [<target>] Killed"#),
            ]),
        LogPattern(
            "time-out", .timeOut,
            #"Cancelling: Timeout|^(?:Error: |ERROR: )?(?:[Jj]ob|[Bb]uild|[Ss]tep|[Tt]ask|The job|The action)\b.*(?:timed out|[Tt]imeout|exceeded the maximum|took longer than)|exceeded the maximum (?:execution )?time|after \d+ (?:minutes|seconds|hours) of inactivity|[Tt]ime limit (?:was )?(?:exceeded|reached)|No output has been received in the last|^(?:Error: )?[Tt]imed out after|execution took longer than|^timeout: sending signal|^Timeout(?: after| of|: | \()|(?:^|: )[Tt]imeout (?:of |after )?\(?\d+"#,
            literals: [
                "imeout", "imed out", "ime limit", "aximum execution time", "of inactivity", "took longer than",
                "aximum time", "No output has been received",
            ], class: "timed out",
            examples: [
                .init(
                    #"Error: The job running on runner 2 has exceeded the maximum execution time of 360 minutes."#,
                    #"Error: The job running on runner <n> has exceeded the maximum execution time of <n> minutes."#)
            ]),
        LogPattern(
            "sandbox", .sandbox,
            #"(?:^|[ /])bwrap: (?!exec)|^sandbox-exec: (?!.*(?:execvp|No such file))|sandbox_apply|couldn't create cache file '.*xcrun_db|^unshare: .*(?:failed|not permitted)|[Ss]andboxing is not working|^newgidmap: |^newuidmap: "#,
            literals: [
                "bwrap: ", "sandbox-exec:", "sandbox_apply", "ouldn't create cache file", "unshare: ",
                "andboxing is not working", "newuidmap:", "newgidmap:",
            ], class: "sandbox",
            examples: [
                .init(
                    #"bwrap: setting up uid map: Permission denied"#,
                    #"bwrap: setting up uid map: Permission denied"#)
            ]),
        LogPattern(
            "read-only", .sandbox,
            #": Read-only file system|\bEROFS\b"#, origin: .package,
            literals: [
                "Read-only file system", "EROFS",
            ], class: "read-only file system",
            examples: [
                .init(
                    #"touch: cannot touch '/usr/lib/x': Read-only file system"#,
                    #"touch: cannot touch '<path>': Read-only file system"#)
            ]),
    ]
}
