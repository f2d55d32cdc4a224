internal import PluginMessages

extension CommonPatterns {
    /// Messages of dune and ocamlfind, and messages of build tools about missing rules.
    static let dune = [
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
            #"Error: Library "?('?[^"\s]+)"? (?:not found|in .* is hidden|is not available|does not exist)|No implementation found for virtual library "([^"]+)"|no implementation for virtual library "([^"]+)""#,
            literals: [
                "Error: Library ", "virtual library",
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
            #"Error: Version \S+ of dune is not supported|You need at least dune|only available since version \S+ of (?:the )?dune|(?:deleted|removed|not supported) in (?:version \S+ of )?the dune language|dune lang\S* .*(?:not supported|too)|Version \S+ of (?:the )?\S+ (?:extension|language) is not supported|is available only when \S+ is enabled in"#,
            literals: [
                "of dune is not supported", "You need at least dune", "available only when", "dune language",
                "of the dune", "(lang dune",
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
    ]
}
