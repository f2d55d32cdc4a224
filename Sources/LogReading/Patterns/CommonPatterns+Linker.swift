internal import PluginMessages

extension CommonPatterns {
    /// Messages of linkers, the loader of shared libraries and pkg-config, and messages about crashes.
    static let linker = [
        LogPattern(
            "missing-library", .missingLibrary,
            #"cannot find (-l[A-Za-z0-9_+.-]+)|unable to find library (-l[A-Za-z0-9_+.-]+)|library not found for (-l[A-Za-z0-9_+.-]+)|framework not found (\S+)|ld: library '([^']+)' not found|library (-l\S+): not found|library not found: (\S+)|\bld(?:\.\w+)?: cannot find ([^:]+)"#,
            literals: [
                "cannot find -l", "ibrary -l", "brary not found for", "ramework not found", "ld: library '",
                "ld: cannot find", "library -l", "cannot find crt", " cannot find ",
            ], class: "missing library *",
            examples: [
                .init(
                    #"/usr/bin/ld: cannot find -lgmp: No such file or directory"#,
                    #"cannot find -lgmp: No such file or directory"#),
                .init(
                    #"ld: library 'gmp' not found"#,
                    #"ld: library 'gmp' not found"#),
            ]),
        LogPattern(
            "missing-shared", .missingLibrary,
            #"error while loading shared libraries: ([^:]+)|(\S+): cannot open shared object file|Library not loaded: (\S+)|Shared object "([^"]+)" not found|can't load library '([^']+)'|cannot load shared library (\S+)|Error loading shared library ([^:]+)"#,
            literals: [
                "loading shared librar", "annot open shared object", "ibrary not loaded", "hared object \"",
                "can't load library", "annot load shared library", "oading shared library",
            ], class: "missing library *",
            examples: [
                .init(
                    #"./x.exe: error while loading shared libraries: libev.so.4: cannot open shared object file: No such file or directory"#,
                    #"<path>: error while loading shared libraries: libev.so.4: cannot open shared object file: No such file or directory"#
                )
            ]),
        LogPattern(
            "pkg-config", .missingLibrary,
            #"Package '?([A-Za-z0-9_+.-]+)'?(?:, required by '[^']*',)? (?:was )?not found(?: in the pkg-config search path)?|No package '([^']+)' found|Requested '([^']+)' but version|Package dependency requirement '([^']+)' could not be satisfied|Dependency '([^']+)' not found"#,
            precedence: .likely,
            literals: [
                "kg-config", "No package '", "required by '", "Package ", "Requested '", "onf package",
            ], class: "missing library *",
            examples: [
                .init(
                    #"Package gtk+-3.0 was not found in the pkg-config search path."#,
                    #"Package gtk+-3.0 was not found in the pkg-config search path."#)
            ]),
        LogPattern(
            "undefined", .undefinedSymbol,
            #"undefined reference to [`'"]?([^'"\s]+)|undefined symbol: (\S+)|undefined symbol [`']?([^'\s]+)|: (\S+): symbol not found|undefined reference: (\S+)|unresolved (?:external )?symbol (\S+)|^\*\* Cannot resolve symbols for ([^\s:]+):"#,
            exclusion: #"relocation"#,
            literals: [
                "undefined reference to", "undefined symbol", "symbol not found", "ndefined symbols for",
                "symbol lookup error", "unresolved external", "unresolved symbol", "resolve symbols for",
                "first referenced",
            ],
            phase: .build, class: "undefined symbol *",
            examples: [
                .init(
                    #"x.c:(.text+0x5): undefined reference to `caml_alloc_N'"#,
                    #"undefined reference to 'caml_alloc_N'"#),
                .init(
                    #"ld: error: undefined symbol: caml_alloc_N"#,
                    #"ld: error: undefined symbol: caml_alloc_N"#),
            ]),
        LogPattern(
            "undefined-macos", .undefinedSymbol,
            #"^"([^"]+)", referenced from:"#,
            literals: [
                "referenced from:"
            ],
            phase: .build, class: "undefined symbol *",
            examples: [
                .init(
                    #""_caml_weak_set", referenced from:"#,
                    #"'_caml_weak_set', referenced from:"#)
            ]),
        LogPattern(
            "undefined-macos-header", .undefinedSymbol,
            #"^Undefined symbols(?: for architecture \S+)?:?"#, precedence: .likely,
            literals: [
                "ndefined symbols for arch", "ndefined symbols:",
            ],
            phase: .build, following: 1, class: "undefined symbol *",
            examples: [
                .init(
                    #"Undefined symbols for architecture arm64:"#,
                    #"Undefined symbols for architecture arm64:"#)
            ]),
        LogPattern(
            "undefined-solaris", .undefinedSymbol,
            #"^Undefined\s+first referenced"#,
            literals: [
                "first referenced"
            ], following: 2, class: "undefined symbol *",
            examples: [
                .init(
                    #"Undefined                       first referenced"#,
                    #"Undefined first referenced"#)
            ]),
        LogPattern(
            "duplicate", .duplicateSymbol,
            #"(multiple definition of [`'"]?[^'"\s;]+'?)|duplicate symbol:? '?([^'\s]+)|symbol [`']?([^'\s]+)'? (?:is )?multiply[- ]defined"#,
            exclusion: #"duplicate symbols? for arch"#,
            literals: [
                "multiple definition of", "uplicate symbol", "ymbol multiply defined", "already defined in",
                "is multiply defined",
            ],
            phase: .build, class: "duplicate symbol *",
            examples: [
                .init(
                    #"a.o:(.data+0x0): multiple definition of `foo'; b.o:(.data+0x0): first defined here"#,
                    #"multiple definition of 'foo'"#)
            ]),
        LogPattern(
            "relocation", .relocation,
            #"relocation (R_\w+|[A-Z]\w+)?.*(?:can ?not be used|can't be used|against|truncated)|recompile with -fPI[CE]|relocation truncated to fit|illegal text[- ]reloc|can(?:'t|not) create dynamic relocation|bad reloc"#,
            exclusion: #"^\S*:? ?warning:|\bwarning:"#,
            literals: [
                "relocation", "recompile with", "text reloc", "DT_TEXTREL", "truncated to fit", "dynamic reloc",
            ],
            phase: .build, class: "relocation $1",
            examples: [
                .init(
                    #"ld: error: relocation R_X86_64_32 cannot be used against symbol 'caml_x'; recompile with -fPIC"#,
                    #"ld: error: relocation R_X86_64_32 cannot be used against symbol 'caml_x'; recompile with -fPIC"#)
            ]),
        LogPattern(
            "linker-other", .undefinedSymbol,
            #"(?:^|[/-])(?:ld(?:\.\w+|64\.lld)?|lld|mold|wasm-ld): (?!warning|\S+: warning|note)|: file not recognized|file in wrong format"#,
            precedence: .likely,
            exclusion:
                #"symbol\(s\) not found|final link failed|in function|duplicate symbols? for|lto-wrapper failed|^ld: \S+\.(?:o|a)(?:\(\S*\))?:$"#,
            literals: [
                "ld: a", "ld: b", "ld: c", "ld: d", "ld: e", "ld: f", "ld: g", "ld: h", "ld: i", "ld: j", "ld: k",
                "ld: l", "ld: m", "ld: n", "ld: o", "ld: p", "ld: q", "ld: r", "ld: s", "ld: t", "ld: u", "ld: v",
                "ld: w", "ld: x", "ld: y", "ld: z", "ld: '", "ld: /", "ld: -", "ld: (", "mold: ",
                "file not recognized", "not recognized", "in wrong format",
            ], class: "linker",
            examples: [
                .init(
                    #"ld: file not found: /usr/lib/libfoo.dylib"#,
                    #"ld: file not found: <path>"#)
            ]),
        LogPattern(
            "linker-summary", .unknown,
            #"symbol\(s\) not found|ld returned \d+ exit|linker command failed|duplicate symbols? for arch|final link failed|linking with \S+ failed"#,
            precedence: .weak,
            literals: [
                "symbol(s) not found", "ld returned", "linker command failed", "duplicate symbols for",
                "final link failed", "linking with",
            ],
            examples: [
                .init(
                    #"collect2: error: ld returned 1 exit status"#,
                    #"collect2: error: ld returned <n> exit status"#)
            ]),
        LogPattern(
            "crash", .compilerCrash,
            #"Segmentation fault|Illegal instruction|Bus error|Abort trap|(?:^|: |\] )Aborted\b|(?:Trace/)?(?:breakpoint|BPT) trap|Floating point exception|got signal (?!KILL|TERM)[A-Z]+|\b(?:SIGSEGV|SIGILL|SIGBUS|SIGABRT)\b|\(core dumped\)"#,
            literals: [
                "egmentation fault", "llegal instruction", "Bus error", "Abort trap", "Aborted", "reakpoint trap",
                "BPT trap", "loating point exception", "got signal ", "SIGSEGV", "SIGILL", "SIGBUS", "SIGABRT",
                "core dumped",
            ], class: "crash",
            examples: [
                .init(
                    #"make: *** [Makefile:12: run] Segmentation fault: 11"#,
                    #"make: *** [<target>] Segmentation fault: <n>"#)
            ]),
    ]
}
