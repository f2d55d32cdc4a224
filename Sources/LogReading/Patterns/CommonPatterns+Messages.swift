internal import PluginMessages

extension CommonPatterns {
    /// Other messages of the OCaml compilers and of OCaml programs.
    static let ocamlMessages = [
        LogPattern(
            "ocaml-error-outer", .unknown,
            #"Error: Error during linking|Error: Error while (?:running|executing)|Error: Some fatal warnings|Error during linking"#,
            precedence: .weak,
            literals: [
                "Error during linking", "Error while running external", "fatal warnings were", "Error: Error while",
                "Error while executing", "Error: Errors while",
            ],
            examples: [
                .init(
                    #"Error: Error during linking (exit code 1)"#,
                    #"Error: Error during linking (exit code 1)"#)
            ]),
        LogPattern(
            "ocaml-io", .compilerCrash,
            #"Error: I/O error: (?!.*No such file)"#,
            literals: [
                "I/O error: "
            ], class: "input/output error",
            examples: [
                .init(
                    #"Error: I/O error: camlp4o -impl x.ml: Broken pipe"#,
                    #"Error: I/O error: camlp4o -impl x.ml: Broken pipe"#)
            ]),
        LogPattern(
            "ocaml-type", .typeError,
            #"Error: (?:This |The (?!files? |action|dune|package|current|field|opam|operation was cancel|job )|Signature mismatch|Syntax error|Some type|In this|Type |Constructors|Multiple definition|Illegal|Wrong |Cannot (?:safely|generalize|use|create))"#,
            literals: [
                "Error: This ", "Error: The ", "Error: Signature mismatch", "Error: Syntax error", "Error: Some type",
                "Error: In this", "Error: Type ", "Error: Cannot ", "Error: Constructor",
                "Error: Multiple definition", "Error: Cycle", "Error: Illegal", "Error: Several", "Error: Unclosed",
                "Error: Wrong",
            ],
            phase: .build, class: "type error",
            examples: [
                .init(
                    #"Error: This expression has type int but an expression was expected of type string"#,
                    #"Error: This expression has type int but an expression was expected of type string"#)
            ]),
        LogPattern(
            "rocq-type", .typeError,
            #"^The term ".*" has type "|^Unable to unify ".*" with ""#,
            literals: [
                "The term ", "Unable to unify ",
            ],
            phase: .build, class: "type error",
            examples: [
                .init(
                    #"The term "x" has type "nat" while it is expected to have type "bool"."#,
                    #"The term 'x' has type 'nat' while it is expected to have type 'bool'."#)
            ]),
        LogPattern(
            "camlp-parse", .typeError,
            #"^Parse error: (.+)"#, precedence: .likely,
            literals: [
                "Parse error: "
            ],
            phase: .build, class: "parse error",
            examples: [
                .init(
                    #"Parse error: [expr] expected after '(' (in [expr])"#,
                    #"Parse error: [expr] expected after '(' (in [expr])"#)
            ]),
        // ocamllex and Menhir print their message on the line of the position.
        LogPattern(
            "generator-syntax", .typeError,
            #"^File "[^"]+\.ml[ly]", lines? \d[^:]*: (?![Ww]arning)\S"#, precedence: .likely,
            literals: [
                ".mll\", line", ".mly\", line",
            ],
            phase: .build, class: "syntax error of a grammar",
            examples: [
                .init(
                    #"File "src/lexer.mll", line 17, character 3: syntax error."#,
                    #"syntax error."#)
            ]),
        LogPattern(
            "exception-header", .internalError,
            #"[Uu]ncaught exception:$"#, precedence: .likely,
            literals: [
                "ncaught exception:"
            ], following: 1, class: "exception",
            examples: [
                .init(
                    #"Uncaught exception:"#,
                    #"Uncaught exception:"#)
            ]),
        LogPattern(
            "exception", .internalError,
            #"Fatal error: exception ((?!Sys_error|Failure|Unix)[A-Z][A-Za-z0-9_.]*)?|^>> Fatal error: |[Uu]ncaught exception:? \S|Anomaly|^(?:Error: )?[Ii]nternal error(?!:$)|[Ss]tack[_ ]overflow|^Exception:? [A-Z]"#,
            precedence: .likely,
            exclusion: #"^\+ |Fatal error: exception Misc\.Fatal_error"#,
            literals: [
                "Fatal error: exception", ">> Fatal error", "ncaught exception", "Anomaly", "nternal error",
                "tack overflow", "Stack_overflow", "raised exception", "Exception",
            ], class: "exception $1",
            examples: [
                .init(
                    #"Fatal error: exception Invalid_argument("index out of bounds")"#,
                    #"Fatal error: exception Invalid_argument('index out of bounds')"#)
            ]),
    ]
}
