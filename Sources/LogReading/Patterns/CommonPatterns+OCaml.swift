internal import PluginMessages

extension CommonPatterns {
    /// What the OCaml compilers, dune, ocamlfind and Coq print.
    static let ocaml = [
        LogPattern(
            "ocaml-unbound-module", .missingModule,
            #"Error: Unbound module (?!type)["`']?([A-Za-z_][^\s"'`]*)"#,
            literals: [
                "Error: Unbound module", "nbound module",
            ],
            phase: .build, class: "unbound module *",
            examples: [
                .init(
                    #"Error: Unbound module "Stdlib_compat""#,
                    #"Error: Unbound module 'Stdlib_compat'"#)
            ]),
        LogPattern(
            "ocaml-unbound", .unboundName,
            #"Error: Unbound (module type|value|type constructor|type variable|type|record field|constructor|class type|class|instance variable|method|label|functor|ident\w*) ["`']?([^\s"]+)"#,
            literals: [
                "Error: Unbound "
            ],
            phase: .build, class: "unbound $1 *",
            examples: [
                .init(
                    #"Error: Unbound type constructor Foo.t"#,
                    #"Error: Unbound type constructor Foo.t"#)
            ]),
        LogPattern(
            "ocaml-missing-module", .missingModule,
            #"Reference to undefined (?:compilation unit|global) ["`']?([^\s"']+)|Required module ["`']?([^\s"']+)["']? is unavailable|Could not find the \.cmi file for interface ?(\S*)|Error: Module "?([^\s"]+)"? doesn't exist|Cannot find a physical path bound to logical path(?: matching suffix)? ?(\S*)|Error: Cannot find library (\S+) in loadpath|Unable to locate library (\S+)"#,
            literals: [
                "No implementations provided", "eference to undefined ", "Required module", "Could not find the .cmi",
                "doesn't exist", "physical path", "no module named", "annot find library", "ot find library",
                "ound to logical path", "Unable to locate library", "Cannot load library",
            ],
            phase: .build, class: "missing module *",
            examples: [
                .init(
                    #"Reference to undefined global `Terminfo'"#,
                    #"Reference to undefined global 'Terminfo'"#)
            ]),
        LogPattern(
            "ocaml-implementations", .missingModule,
            #"Error: No implementations? (?:provided|found) for the following (?:modules|compilation units)"#,
            literals: [
                "No implementation"
            ],
            phase: .build, class: "missing module *",
            examples: [
                .init(
                    #"Error: No implementations provided for the following modules:"#,
                    #"Error: No implementations provided for the following modules:"#)
            ]),
        LogPattern(
            "ocaml-interface", .inconsistentInterface,
            #"Error: (?:The files|Files) |make inconsistent assumptions over (?:interface|implementation) (\S+)|not a (?:valid )?compiled interface|[Cc]orrupted compiled interface|[Ww]rong magic number|is not a bytecode|not a compilation unit description|seems to be for a(?:n older| newer)"#,
            literals: [
                "Error: The files ", "Error: Files ", "nconsistent assumptions", "not a compiled interface",
                "orrupted compiled", "rong magic number", "is not a bytecode", "not a compilation unit",
                "seems to be for a", "not an object file", "is not a compiled",
            ],
            phase: .build, class: "inconsistent interface *",
            examples: [
                .init(
                    #"Error: Files stdlib.cmxa and x.cmx make inconsistent assumptions over implementation Stdlib__Seq"#,
                    #"Error: Files stdlib.cmxa and x.cmx make inconsistent assumptions over implementation Stdlib__Seq"#
                )
            ]),
        LogPattern(
            "ocaml-warning-error", .warningAsError,
            #"Error \((warning \d+|alert \w+)(?: \[([a-z-]+)\])?\)"#,
            literals: [
                "Error (warning", "Error (alert",
            ],
            phase: .build, class: "$1 as error",
            examples: [
                .init(
                    #"Error (warning 27 [unused-var-strict]): unused variable x."#,
                    #"Error (warning 27 [unused-var-strict]): unused variable x."#)
            ]),
        LogPattern(
            "ocaml-fatal-warning", .warningAsError,
            #"Error: Some fatal warnings were triggered"#,
            literals: [
                "fatal warnings were triggered"
            ],
            phase: .build,
            preceding: #"^(?:Warning|Error \(warning) (\d+)"#, class: "warning as error",
            examples: [
                .init(
                    #"Error: Some fatal warnings were triggered (1 occurrences)"#,
                    #"Error: Some fatal warnings were triggered (<n> occurrences)"#)
            ]),
        LogPattern(
            "ocaml-library-file", .missingOCamlLibrary,
            #"Cannot find file ([A-Za-z0-9_./+-]*\.(?:cmx?a|cm[oxi]|cmxs))|Cannot find file (topfind)|No_such_package ?\(?"?([^"),]*)"#,
            literals: [
                "Cannot find file ", "topfind", "No_such_package", "no such package",
            ], class: "missing OCaml library *",
            examples: [
                .init(
                    #"Error: Cannot find file unix.cmxa"#,
                    #"Error: Cannot find file unix.cmxa"#)
            ]),
        LogPattern(
            "dune-library", .missingOCamlLibrary,
            #"Error: Library "?('?[^"\s]+)"? (?:not found|in .* is hidden|is not available|does not exist)"#,
            literals: [
                "Error: Library "
            ], class: "missing OCaml library *",
            examples: [
                .init(
                    #"Error: Library "fmt" not found."#,
                    #"Error: Library 'fmt' not found."#)
            ]),
        LogPattern(
            "ocamlfind", .missingOCamlLibrary,
            #"ocamlfind: Package [`']([^']+)' not found|[Cc]annot find (?:findlib|OCaml) package (\S+)|^ocamlfind: Error from package `([^']+)'|[Pp]ackage [`']([^'`]+)['`] not found|Failed: Package (\S+) not found"#,
            literals: [
                "ocamlfind: Package", "ndlib package", "kage `", "Package not found", "not found for predicates",
            ], class: "missing OCaml library *",
            examples: [
                .init(
                    #"ocamlfind: Package `fmt' not found"#,
                    #"ocamlfind: Package 'fmt' not found"#)
            ]),
        LogPattern(
            "ocamlfind-directive", .missingOCamlLibrary,
            #"Unknown directive `(require|use|thread)'"#, precedence: .likely,
            literals: [
                "Unknown directive"
            ], class: "missing OCaml library *",
            examples: [
                .init(
                    #"Unknown directive `require'."#,
                    #"Unknown directive 'require'."#)
            ]),
        LogPattern(
            "dune-version", .duneVersion,
            #"Error: Version \S+ of dune is not supported|You need at least dune|only available since version \S+ of (?:the )?dune|(?:deleted|removed|not supported) in (?:version \S+ of )?the dune language|dune lang\S* .*(?:not supported|too)|Version \S+ of (?:the )?\S+ (?:extension|language) is not supported"#,
            literals: [
                "of dune is not supported", "You need at least dune", "dune language", "of the dune", "(lang dune",
                "f dune lang",
            ],
            phase: .build, class: "dune version",
            examples: [
                .init(
                    #"Error: Version 3.99 of dune is not supported."#,
                    #"Error: Version <ver> of dune is not supported."#)
            ]),
        LogPattern(
            "dune-field", .duneVersion,
            #"Error: Unknown (?:field|constructor|value|action(?: or rule)?(?: field)?|stanza|pform|variable|macro) (\S+)|Error: Invalid version|Error: Extension"#,
            precedence: .likely,
            literals: [
                "Error: Unknown field", "Error: Unknown constructor", "Error: Unknown value", "Error: Unknown action",
                "Error: Unknown ", "Error: Unknown stanza", "Error: Invalid version", "Error: Unknown pform",
                "Error: Extension ",
            ], class: "dune field *",
            examples: [
                .init(
                    #"Error: Unknown field ctypes"#,
                    #"Error: Unknown field ctypes"#)
            ]),
        LogPattern(
            "dune-rule", .noRule,
            #"No rule found for (.+)|Don't know how to build (.+)|Multiple rules generated for (.+?)(?::|$)|Error: File unavailable:? ?(.*)|Error: Alias "?(\S+?)"? specified on the command line is empty|Error: Dependency cycle|knows of no rules that apply to a target named (\S+)|ninja: error: '([^']+)', needed by|ninja: error: unknown target '([^']+)'|No rule to make target [`']?([^'`,]+)'?|(?:don't|do not) know how to make ([^\s(]+?)(?:\. Stop| \(|$)|\*\*\* No targets(?: specified and no makefile found)?|no target to make"#,
            literals: [
                "No rule found for", "now how to build", "Multiple rules", "ultiple rules generated",
                "File unavailable", "specified on the command line is empty", "Dependency cycle",
                "no rules that apply", "known rule to make", "unknown target", "No rule to make target",
                "know how to make", "No targets", "no target to make", "unknown alias",
            ],
            phase: .build, class: "no rule for *",
            examples: [
                .init(
                    #"make: *** No rule to make target 'foo.cmx', needed by 'all'.  Stop."#,
                    #"make: *** No rule to make target 'foo.cmx', needed by 'all'. Stop."#),
                .init(
                    #"make: don't know how to make install. Stop"#,
                    #"make: don't know how to make install. Stop"#),
            ]),
        LogPattern(
            "dune-program", .missingTool,
            #"Error: Program (\S+) not found in the tree"#,
            literals: [
                "not found in the tree"
            ], class: "missing program *",
            examples: [
                .init(
                    #"Error: Program ocamlfind not found in the tree or in PATH"#,
                    #"Error: Program ocamlfind not found in the tree or in PATH"#)
            ]),
        LogPattern(
            "dune-internal-description", .internalError,
            #"^Description:$"#,
            literals: [
                "Description:"
            ],
            phase: .build, following: 1, class: "internal error",
            examples: [
                .init(
                    #"Description:"#,
                    #"Description:"#)
            ]),
        LogPattern(
            "dune-internal", .internalError,
            #"Internal error, please report upstream|Internal error! Please report"#, precedence: .likely,
            literals: [
                "Internal error, please report"
            ], class: "internal error",
            examples: [
                .init(
                    #"Internal error, please report upstream including the contents of _build/log."#,
                    #"Internal error, please report upstream including the contents of <path>"#)
            ]),
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
            #"Error: (?:This |The (?!files? |action|dune|package|current|field|opam)|Signature mismatch|Syntax error|Some type|In this|Type |Constructors|Multiple definition|Illegal|Wrong |Cannot (?:safely|generalize|use|create))"#,
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
