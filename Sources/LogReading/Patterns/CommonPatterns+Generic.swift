internal import PluginMessages

extension CommonPatterns {
    /// Messages of programs about the failure of a program that they ran.
    private static let wrapper =
        #"Error code \d+|[Ee]xited with|[Ee]xit(?:ed)?[- ](?:status|code)|ERROR while |while "#
        + #"compiling|The compilation of|following actions failed|recipe for target|compilation "#
        + #"terminated|being treated as errors|\d+ errors? generated|Bad exit status|did not complete "#
        + #"successfully|could not compile|could ?n[o']t be obtained|^E: Failure\(\"Command|terminated with"#
        + #" error|[Ee]rrors occurred|[Cc]ommand failed|DATA patch failed|failed with (?:exit|status|error "#
        + #"code)|returned non-zero|ompilation unsuccessful|[Bb]uild failed|BUILD FAILED|build "#
        + #"stopped|subcommand failed|executor failed running|non-zero (?:code|exit)|while executing this "#
        + #"command|gcc returned \d|cannot continue|lto-wrapper failed|package (?:install|update) failed "#
        + #"with|still missing:|Worker stops running|\b[Ss]ome tests failed|linker command "#
        + #"failed|\b[Ss]top(?:ped)? in |Error: Error while (?:running|executing) "#

    /// General forms of messages, for those that no other pattern matches, and lines that name no cause.
    static let generic = [
        LogPattern(
            "make-status", .unknown,
            #"make\S*: \*\*\* \[.*\] (?:Error|Fehler|Erreur|Fout|Errore|Erro|Ошибка|\S+) \d+$|^\*\*\* (?:\[|Error code \d+)|\*\*\* \["#,
            precedence: .weak,
            literals: [
                "*** ["
            ],
            examples: [
                .init(
                    #"gmake[3]: *** [Makefile:9: x.cmo] Error 2"#,
                    #"make: *** [<target>] Error 2"#)
            ]),
        LogPattern(
            "weak-other", .unknown,
            wrapper, precedence: .weak,
            literals: [
                "rror code", "xited with", "xit status", "xit code", "exit-code", "ERROR while compiling",
                "ERROR while ", "while compiling", "The compilation of", "failed at \"", "llowing actions failed",
                "recipe for target", "ompilation terminated", "eing treated as errors", "rrors generated",
                "rror generated", "Bad exit status", "id not complete successfully", "could not compile",
                "ould not be obtained", "couldn't be obtained", "E: Failure(\"Comm", "terminated with error",
                "rrors occurred", "incomplete, errors", "Command failed", "patch failed", "xited 1", "failed with",
                "returned non-zero", "ompilation unsuccessful", "nonzero", "build failed", "Build failed",
                "BUILD FAILED", "ninja: build stopped", "Stop in ", "stopped in ", "subcommand failed",
                "executor failed", "non-zero code", "while executing this", "gcc returned", "cannot continue",
                "lto-wrapper failed", "package install failed", "still missing:", "Worker stops", "ome tests failed",
                "tests were not",
            ],
            examples: [
                .init(
                    #"Command exited with code 2."#,
                    #"Command exited with code 2."#)
            ]),
        LogPattern(
            "ocaml-error", .typeError,
            #"^Error: (?!Error |Some fatal|\S+:\d+:)"#, precedence: .likely,
            exclusion: wrapper,
            literals: [
                "Error: "
            ], class: "error",
            examples: [
                .init(
                    #"Error: I am not happy"#,
                    #"Error: I am not happy"#)
            ]),
        LogPattern(
            "tool-error", .unknown,
            #"^(?:\S+: |==> )?(?:\[ERROR\] |\[error\] |fatal(?: error)?: |Fatal error: |[Ee]rror(?:\[\w+\])?: |ERROR: |FATAL: |E: )(?!Failure\("Command)\S|: error: |^[A-Za-z_][A-Za-z0-9_.]*(?:Error|Exception): \S|\b[Ee]rror (?:running|while|in|opening|reading|loading|executing) \S"#,
            precedence: .possible,
            exclusion: wrapper
                + #"|fatal: not a git|[Ww]arning:|^error: could not compile|fatal: No names found|Bad exit status|could not lock config|\b0 errors|did not complete successfully|[Ee]rror: exit|System package update failed|The following actions|The compilation of|exited with"#,
            literals: [
                "error: ", "ERROR: ", "Error: ", "fatal: ", "Fatal error: ", "[ERROR]", "FATAL: ", "E: Can", "E: Una",
                "E: The", "error[", "xception: ", "[error]", "rror running", "rror while", "rror in ", "ERROR in",
                "rror opening", "rror reading", "rror loading", "rror executing", "rror occurred",
            ], class: "error",
            examples: [
                .init(
                    #"mytool: error: it went wrong"#,
                    #"mytool: error: it went wrong"#)
            ]),
        LogPattern(
            "cannot", .unknown,
            #"\b(?:[Cc]annot|[Cc]an't|[Cc]ould not|[Cc]ouldn't|[Uu]nable to|[Ff]ailed to|not found|No such |already installed|[Ii]nvalid|[Uu]nsupported|not supported|is required|is missing|[Rr]equires|[Uu]nknown|[Uu]ndefined|[Ee]xception|FAILED|failed:|[Mm]ismatch)"#,
            precedence: .vague,
            exclusion: wrapper + #"|^checking |^-- |[Ww]arning|^\+ \S|fatal: not a git|^(?:gcc|cc|ocaml\w*|File) "#,
            literals: [
                "annot ", "an't ", "ould not", "ouldn't ", "nable to", "ot found", "No such ", "already installed",
                "ailed to",
                "nvalid ", "nsupported", "ot supported", "is required", "s missing", "requires ", "nknown ",
                "undefined", "xception", "FAILED", "failed:", "ismatch",
            ], class: "error",
            examples: [
                .init(
                    #"unable to do it"#,
                    #"unable to do it"#)
            ]),
    ]
}
