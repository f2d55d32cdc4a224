internal import PluginMessages

extension CommonPatterns {
    /// Messages of C compilers.
    static let c = [
        LogPattern(
            "c-internal", .compilerCrash,
            #"internal compiler error(?!: Killed)|unable to execute command: (?:Segmentation|Illegal|Aborted|Killed)|command failed due to signal|LLVM ERROR"#,
            literals: [
                "internal compiler error", "execute command: Segm", "failed due to signal", "LLVM ERROR",
                "Stack dump:", "PLEASE submit a bug",
            ], class: "compiler crash",
            examples: [
                .init(
                    #"x.c:3:1: internal compiler error: in foo, at bar.c:12"#,
                    #"internal compiler error: in foo, at bar.c:<n>"#)
            ]),
        LogPattern(
            "missing-header", .missingHeader,
            #"(?:^|: )(?:fatal )?error: ["'<]?([^\s'"':<>]+\.(?:h|hh|hpp|hxx|inc|def)|[a-z_]+)["'>]?(?:: No such file or directory| file not found)|^\S+\.[chC]\S*:\d+:(?:\d+:)? (\S+\.h): No such file or directory|[Ii]nclude file:? '([^']+)'(?: not found|: No such file)"#,
            exclusion: #"^\S*(?:conftest|/tmp/)"#,
            literals: [
                "No such file or directory", "file not found", "nclude file '", "nclude file: '",
            ],
            phase: .build, class: "missing header *",
            examples: [
                .init(
                    #"stubs.c:3:10: fatal error: gmp.h: No such file or directory"#,
                    #"fatal error: gmp.h: No such file or directory"#),
                .init(
                    #"stubs.c:3:10: fatal error: 'gmp.h' file not found"#,
                    #"fatal error: 'gmp.h' file not found"#),
            ]),
        LogPattern(
            "tool-option-compiler", .toolOption,
            #"error: unrecognized command[- ]line option (\S+)|error: unknown argument:? (\S+)|error: unsupported (?:option|argument) (\S+)|error: unrecognized argument|error: unknown (?:warning )?option (\S+)|error: bad value"#,
            literals: [
                "nrecognized command", "nknown argument", "nsupported option", "nsupported argument",
                "unrecognized argument", "argument unused", "unknown warning option",
            ],
            phase: .build, class: "unknown option *",
            examples: [
                .init(
                    #"cc1: error: unrecognized command line option '-fno-foo'"#,
                    #"cc1: error: unrecognized command line option '-fno-foo'"#)
            ]),
        LogPattern(
            "c-error", .cError,
            #"^(?:\S.*?\.(?:c|h|cc|cpp|cxx|C|hh|hpp|S|s|m|mm|inc|y|l|def)(?:\.\w+)?|<[^>]*>|\{standard input\}|[A-Za-z0-9_./+-]+)[:(]\d+(?:[:,]\d+)?\)?: (?:fatal )?[eE]rror(?: C\d+)?: "#,
            exclusion:
                #"^\S*(?:conftest|/tmp/)|configure\.(?:ac|in)|meson\.build|aclocal|\.m4:|\.am:|undefined reference|undefined symbol|multiple definition"#,
            literals: [
                "error: ", "Error: ", "error C1", "error C2",
            ],
            phase: .build, class: "C error",
            examples: [
                .init(
                    #"stubs.c:12:5: error: too few arguments to function 'f'"#,
                    #"error: too few arguments to function 'f'"#)
            ]),
        LogPattern(
            "assembler", .cError,
            #"^\S*/\w+\.s:\d+:(?:\d+:)? [Ee]rror: "#, precedence: .likely,
            literals: [
                "Error: ", "error: ",
            ],
            phase: .build, class: "assembler error",
            examples: [
                .init(
                    #"/tmp/ccA1b2C3.s:12: Error: no such instruction: 'foo %eax'"#,
                    #"Error: no such instruction: 'foo %eax'"#)
            ]),
        LogPattern(
            "cc1-error", .cError,
            #"^(?:cc1|cc1plus|\S*gcc\S*|\S*g\+\+\S*|\S*clang\S*|\S*cc|c\+\+|as): (?:fatal )?error: (?!linker command failed|all warnings|some warnings)|: fatal error: "#,
            precedence: .likely,
            exclusion: #"conftest|/tmp/"#,
            literals: [
                "cc1: error", "cc1plus: error", "gcc: error", "clang: error", "cc: error", "g++: error",
                "fatal error: ",
            ], class: "C error",
            examples: [
                .init(
                    #"gcc: error: foo.c: No such file or directory"#,
                    #"gcc: error: foo.c: No such file or directory"#)
            ]),
    ]
}
