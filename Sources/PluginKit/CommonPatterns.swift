public import PluginMessages

/// How compilers, linkers and build tools say what went wrong, the same on every distro. A plugin's own patterns come
/// before them.
public enum CommonPatterns {
    /// Every pattern, the more specific first.
    public static let all = resources + system + languages + tools

    /// The machine ran out of something.
    static let resources = [
        LogPattern(
            "no-space", .noSpace, #"No space left on device"#, literal: "No space left on device",
            signature: "no space left on device",
            examples: [.init("cp: error writing 'x': No space left on device", "no space left on device")]),
        LogPattern(
            "out-of-memory", .outOfMemory,
            #"(?:[Cc]annot allocate memory|virtual memory exhausted|Fatal error: out of memory|Killed signal terminated program)"#,
            signature: "out of memory",
            examples: [
                .init("Fatal error: out of memory", "out of memory"),
                .init("cc: fatal error: Killed signal terminated program cc1", "out of memory"),
                .init("fork: Cannot allocate memory", "out of memory"),
            ]),
    ]

    /// Something of the distro is missing that the package does not declare.
    static let system = [
        LogPattern(
            "missing-header", .missingSystemPackage,
            #"fatal error: '?([^' :]+\.h(?:pp)?)'?(?:: No such file or directory| file not found)"#,
            literal: "fatal error: ",
            signature: "missing header $1",
            examples: [
                .init("stubs.c:3:10: fatal error: gmp.h: No such file or directory", "missing header gmp.h"),
                .init("stubs.c:3:10: fatal error: 'gmp.h' file not found", "missing header gmp.h"),
            ]),
        LogPattern(
            "missing-library", .missingSystemPackage,
            #"(?:cannot find|unable to find library|library not found for) -l([A-Za-z0-9_+.-]+)"#,
            literal: "-l", signature: "missing library $1",
            examples: [
                .init("/usr/bin/ld: cannot find -lgmp: No such file or directory", "missing library gmp"),
                .init("ld: error: unable to find library -lgmp", "missing library gmp"),
                .init("ld: library not found for -lgmp", "missing library gmp"),
            ]),
        LogPattern(
            "missing-pkg-config", .missingSystemPackage,
            #"^(?:Package|No package) '?([A-Za-z0-9_+.-]+)'?(?:, required by '[^']*',)? (?:was not found|not found|found$)"#,
            literal: "ackage ", signature: "missing pkg-config module $1",
            examples: [
                .init(
                    "Package gtk+-3.0 was not found in the pkg-config search path.",
                    "missing pkg-config module gtk+-3.0"),
                .init("No package 'libffi' found", "missing pkg-config module libffi"),
                .init("Package 'x', required by 'virtual:world', not found", "missing pkg-config module x"),
            ]),
        LogPattern(
            "missing-program", .missingSystemPackage,
            #"(?:^|[: ])([A-Za-z0-9_.+-]+): (?:command not found|not found|inaccessible or not found)$"#,
            literal: "not found",
            signature: "missing program $1",
            examples: [
                .init("sh: 1: autoreconf: not found", "missing program autoreconf"),
                .init("bash: line 1: autoreconf: command not found", "missing program autoreconf"),
                .init("/bin/sh: autoreconf: inaccessible or not found", "missing program autoreconf"),
            ]),
        LogPattern(
            "missing-make-program", .missingSystemPackage,
            #"make(?:\[\d+\])?: ([A-Za-z0-9_.+-]+): No such file or directory$"#,
            literal: "No such file or directory", signature: "missing program $1",
            examples: [.init("make[2]: ocamlbuild: No such file or directory", "missing program ocamlbuild")]),
    ]

    /// What the OCaml and C compilers say of a source.
    static let languages = [
        LogPattern(
            "ocaml-unbound", .failure,
            #"^Error: Unbound (module|value|type constructor|record field|constructor|module type) "?([^\s"]+)"#,
            literal: "Error: Unbound", phase: .build, signature: "Error: Unbound $1 $2",
            examples: [
                .init("Error: Unbound module Stdlib_compat", "Error: Unbound module Stdlib_compat"),
                // Compilers quote names since 5.2.
                .init(#"Error: Unbound value "String.lowercase""#, "Error: Unbound value String.lowercase"),
            ]),
        LogPattern(
            "ocaml-interface", .failure,
            #"^Error: The implementation "?(?:[^\s"]*/)?([^\s"/]+)"?(?: does not match|$)"#,
            literal: "Error: The implementation", phase: .build,
            signature: "Error: $1 does not match its interface",
            examples: [
                .init(#"Error: The implementation "src/my_std.ml""#, "Error: my_std.ml does not match its interface"),
                .init(
                    "Error: The implementation src/a.ml does not match the interface src/a.cmi:",
                    "Error: a.ml does not match its interface"),
            ]),
        LogPattern(
            "ocaml-definition", .failure,
            #"^Error: This variant or record definition does not match that of type "?([^\s"]+)"#,
            literal: "Error: This variant or record", phase: .build,
            signature: "Error: This definition does not match that of type $1",
            examples: [
                .init(
                    #"Error: This variant or record definition does not match that of type "Parsetree.constant""#,
                    "Error: This definition does not match that of type Parsetree.constant")
            ]),
        LogPattern(
            "ocaml-type", .failure, #"^Error: This (expression|pattern|function|value|variant) "#,
            literal: "Error: This ",
            phase: .build, signature: "Error: This $1 has the wrong type",
            examples: [
                .init(
                    "Error: This expression has type bytes but an expression was expected of type",
                    "Error: This expression has the wrong type")
            ]),
        LogPattern(
            "ocaml-warning", .failure, #"^Error \(warning (\d+)(?: \[([a-z-]+)\])?\)"#, literal: "Error (warning",
            phase: .build, signature: "Error (warning $1)",
            examples: [.init("Error (warning 32 [unused-value-declaration]): unused value f.", "Error (warning 32)")]),
        LogPattern(
            "dune-library", .failure, #"^Error: Library "([^"]+)" (?:not found|in .* is hidden)"#,
            literal: "Error: Library",
            signature: "Error: Library $1 not found",
            examples: [.init(#"Error: Library "fmt" not found."#, "Error: Library fmt not found")]),
        LogPattern(
            "ocamlfind-package", .failure, #"ocamlfind: Package `([^']+)' not found"#, literal: "ocamlfind: Package",
            signature: "ocamlfind: package $1 not found",
            examples: [.init("ocamlfind: Package `fmt' not found", "ocamlfind: package fmt not found")]),
        LogPattern(
            "undefined-reference", .failure, #"undefined (?:reference to|symbol:) [`']?([A-Za-z0-9_.@$]+)"#,
            literal: "undefined ",
            phase: .build, signature: "undefined reference to $1",
            examples: [
                .init("x.c:(.text+0x5): undefined reference to `caml_alloc_N'", "undefined reference to caml_alloc_N"),
                .init("ld: error: undefined symbol: caml_alloc_N", "undefined reference to caml_alloc_N"),
            ]),
        LogPattern(
            "c-error", .failure, #"^[^ :]+\.[chS](?:c|pp|xx)?:\d+(?::\d+)?: (?:fatal )?error: (.+)$"#,
            literal: "error: ", phase: .build,
            signature: "C: $1",
            examples: [
                .init("stubs.c:12:5: error: too few arguments to function 'f'", "C: too few arguments to function 'f'")
            ]),
        LogPattern(
            "ocaml-error", .failure, #"^(?:File .*, |ocamlfind: )?Error: (.+)$"#, literal: "Error: ",
            signature: "Error: $1",
            examples: [
                .init(
                    "Error: Some fatal warnings were triggered (1 occurrences)",
                    "Error: Some fatal warnings were triggered (1 occurrences)")
            ]),
    ]

    /// What configure scripts and build tools say last.
    static let tools = [
        LogPattern(
            "configure-error", .failure, #"^configure: error: (.+)$"#, literal: "configure: error", phase: .configure,
            signature: "configure: $1",
            examples: [
                .init(
                    "configure: error: no acceptable C compiler found in $PATH",
                    "configure: no acceptable C compiler found in $PATH")
            ]),
        LogPattern(
            "ocaml-exception", .failure,
            #"^Fatal error: exception (?:File "[^"]*", lines? [^:]*: ([A-Za-z][A-Za-z ]*)|([A-Za-z0-9_.]+))"#,
            literal: "Fatal error: exception",
            signature: "exception $1$2",
            examples: [
                .init(#"Fatal error: exception Sys_error("x: No such file or directory")"#, "exception Sys_error"),
                .init(
                    #"Fatal error: exception File "t.ml", line 3, characters 2-14: Assertion failed"#,
                    "exception Assertion failed"),
            ]),
        LogPattern(
            "make-no-rule", .failure, #"make(?:\[\d+\])?: \*\*\* No rule to make target [`']([^']+)'"#,
            literal: "No rule to make target",
            signature: "make: no rule for $1",
            examples: [.init("make: *** No rule to make target 'all'.  Stop.", "make: no rule for all")]),
    ]
}
