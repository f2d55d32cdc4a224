internal import PluginMessages

extension CommonPatterns {
    /// Messages of make, shells and other tools about their input and options.
    static let tools = [
        LogPattern(
            "make-syntax", .makeSyntax,
            #"\*\*\* (?:missing separator|(?:recipe|commands) commences? before first|multiple target patterns|target pattern contains no|mixed implicit and|unterminated (?:call|variable)|missing [`']endif'|extraneous|invalid syntax in conditional|insufficient number of arguments|empty variable name)|Need an operator|Missing dependency operator|Invalid line (?:type|')|Malformed conditional|Unknown modifier|Parse error in |Unclosed (?:conditional|variable)|Unassociated shell command|unclosed conditional|[Mm]ake\S*: .*line \d+: Could not find|^make: .*Could not find \S+\.mk|"[^"]+",? line \d+: (?!Error|warning)"#,
            exclusion: #"^File "#,
            literals: [
                "missing separator", "commences before first", "commence before first", "Need an operator",
                "issing dependency operator", "target patterns", "implicit and", "unterminated call",
                "nvalid line type", "nvalid line '", "alformed conditional", "nknown modifier", "Could not find ",
                "Parse error in",
                "nclosed conditional", "Unassociated shell command", "unclosed", "ixed implicit", "missing `endif'",
                "missing 'endif'", "extraneous", "nknown directive", "invalid syntax in conditional",
                "insufficient number of arguments", "empty variable name", "Missing argument",
            ], class: "make syntax",
            examples: [
                .init(
                    #"Makefile:10: *** missing separator.  Stop."#,
                    #"*** missing separator. Stop."#),
                .init(
                    #""Makefile", line 7: Need an operator"#,
                    #"Need an operator"#),
            ]),
        LogPattern(
            "make-message", .configureError,
            #"^[^:\s]+:\d+: \*\*\* .*Stop\."#,
            exclusion: #"No rule|missing separator|commence|multiple target|unterminated|endif|implicit"#,
            literals: [
                "Stop."
            ], class: "make: $(error)",
            examples: [
                .init(
                    #"Makefile:3: *** OCaml is needed.  Stop."#,
                    #"*** OCaml is needed. Stop."#)
            ]),
        LogPattern(
            "shell-syntax", .shellSyntax,
            #"[Ss]yntax error(?: near|:|\b.*unexpected)|[Bb]ad substitution|parameter (?:null or )?not set|unbound variable|unexpected EOF while looking|bad variable name|arithmetic expression: expecting|Illegal option -o|bad option\(s\)|[Uu]nterminated quoted|(?:^|: )\[\[: (?:command )?not found"#,
            exclusion: #"^Error: Syntax|source line|^awk|^gawk|^mawk"#,
            literals: [
                "yntax error", "ad substitution", "arameter not set", "nbound variable", "unexpected EOF",
                "ad variable name", "arithmetic expression", "llegal option -o", "bad option(s)",
                "nterminated quoted", "[[: not found", "[[: command not found", "arameter null or not set",
                "missing `]'", "unexpected operator",
            ], class: "shell syntax",
            examples: [
                .init(
                    #"./gen.sh: 7: Syntax error: "(" unexpected"#,
                    #"Syntax error: '(' unexpected"#)
            ]),
        LogPattern(
            "shell-test", .shellSyntax,
            #"unexpected operator|missing `?\]"#, precedence: .vague,
            literals: [
                "unexpected operator", "missing `]'", "missing ]", "nteger expression expected",
            ], class: "shell syntax",
            examples: [
                .init(
                    #"[: =: unexpected operator"#,
                    #"[: =: unexpected operator"#)
            ]),
        LogPattern(
            "tool-option", .toolOption,
            #"(?:^|[:/ ])([A-Za-z0-9_.+-]+): (?:illegal|invalid|unrecogni[sz]ed|unknown|[Bb]ad|Unknown) (?:option|primary|predicate|long option)|[Uu]nknown option[: ]|^sed: |awk: .*syntax error|illegal line count|[Uu]nrecogni[sz]ed option|Argument list too long|illegal byte count"#,
            exclusion:
                #"RE error: illegal byte|No such file|can't read|couldn't open|Permission denied|Read-only|No space|^sed: couldn't|-ne? unexpected"#,
            literals: [
                "llegal option", "nvalid option", "nrecognized option", "nrecognised option", "nknown option",
                "nknown primary", "nknown predicate", "nvalid command code", "ad flag in substitute",
                "nterminated substitute", "sed: -e expression", "sed: 1:", "xtra characters", "llegal line count",
                "yntax error at source", "ad option", "missing conversion specifier", "nterminated `s'",
                "invalid argument", "rgument list too long", "ad modifier", "llegal byte count",
                "nrecognized file attribute", "nrecognised file",
            ], class: "tool option",
            examples: [
                .init(
                    #"install: illegal option -- D"#,
                    #"install: illegal option -- D"#),
                .init(
                    #"sed: 1: "x": invalid command code x"#,
                    #"sed: invalid command code x"#),
            ]),
    ]
}
