internal import PluginMessages

extension CommonPatterns {
    /// Messages of configure scripts, and messages about missing programs.
    static let configuration = [
        LogPattern(
            "configure", .configureError,
            #"configure: error: (?!\./configure failed|.*\bfailed for\b)"#,
            literals: [
                "configure: error:", "onfigure: error",
            ],
            phase: .configure, class: "configure error",
            examples: [
                .init(
                    #"configure: error: no acceptable C compiler found in $PATH"#,
                    #"configure: error: no acceptable C compiler found in $PATH"#)
            ]),
        LogPattern(
            "autoconf", .configureError,
            #"(?:^|/)configure\.(?:ac|in):\d+: error: |^aclocal\S*: error: |^(?:automake|autoheader|autom4te|libtoolize|autopoint|intltoolize|gettextize)\S*: error: |^\S+\.(?:am|m4):\d+: error: |^config\.status: error: |error: required file '"#,
            literals: [
                "error: ", "rror: ",
            ], class: "configure error",
            examples: [
                .init(
                    #"configure.ac:7: error: possibly undefined macro: AM_INIT"#,
                    #"error: possibly undefined macro: AM_INIT"#)
            ]),
        LogPattern(
            "autoreconf", .configureError,
            #"^autoreconf: error: |^autoreconf: (?!Entering|Leaving|running|export|configure)|autom4te: \S+ failed"#,
            precedence: .likely,
            exclusion: #"failed with exit status"#,
            literals: [
                "autoreconf", "autom4te: ",
            ], class: "configure error",
            examples: [
                .init(
                    #"autoreconf: error: aclocal failed"#,
                    #"autoreconf: error: aclocal failed"#)
            ]),
        LogPattern(
            "cmake", .configureError,
            #"^CMake Error(?: at| in)? .*:$|^CMake Error(?: at| in) [^:]+:\d+ \(.*\):"#,
            literals: [
                "CMake Error"
            ], following: 1, class: "cmake error",
            examples: [
                .init(
                    #"CMake Error at CMakeLists.txt:12 (find_package):"#,
                    #"CMake Error at CMakeLists.txt:<n> (find_package):"#)
            ]),
        LogPattern(
            "cmake-inline", .configureError,
            #"^CMake Error: "#,
            literals: [
                "CMake Error"
            ], class: "cmake error",
            examples: [
                .init(
                    #"CMake Error: CMAKE_MAKE_PROGRAM is not set."#,
                    #"CMake Error: CMAKE_MAKE_PROGRAM is not set."#)
            ]),
        LogPattern(
            "cmake-missing", .missingTool,
            #"Could NOT find (\S+)"#, precedence: .likely,
            literals: [
                "ould NOT find "
            ], class: "cmake: missing *",
            examples: [
                .init(
                    #"Could NOT find PkgConfig (missing: PKG_CONFIG_EXECUTABLE)"#,
                    #"Could NOT find PkgConfig (missing: PKG_CONFIG_EXECUTABLE)"#)
            ]),
        LogPattern(
            "meson", .configureError,
            #"^(?:\.\./)?\S*meson\.build:\d+:\d+: ERROR: |^ERROR: (?:Problem encountered|Dependency|Unknown compiler|Program|Could not detect|Include dir)"#,
            literals: [
                "ERROR: ", "meson.build",
            ], class: "meson error",
            examples: [
                .init(
                    #"meson.build:12:0: ERROR: Dependency "glib-2.0" not found, tried pkgconfig"#,
                    #"ERROR: Dependency 'glib-<ver>' not found, tried pkgconfig"#)
            ]),
        LogPattern(
            "command-not-found", .missingTool,
            #"(?:^|: )(?:line \d+: )?["'`]?([A-Za-z0-9_./+@-]+)["'`]?: command not found|command not found: (\S+)|^(?:\S+: ){0,2}(?:line )?(?:\d+: )?([A-Za-z0-9_.+@/-]+): (?:inaccessible or )?not found\.?$|^(?:sh|ksh|/\S+)(?:\[\d+\])?: (?:\d+: )?(\S+): not found"#,
            precedence: .likely,
            exclusion: #"^checking |^include |^which: no"#,
            literals: [
                "ommand not found", "ot found", "annot find command", "nown command",
            ], class: "missing program *",
            examples: [
                .init(
                    #"bash: line 1: autoreconf: command not found"#,
                    #"autoreconf: command not found"#),
                .init(
                    #"/bin/sh: autoreconf: inaccessible or not found"#,
                    #"<path>: autoreconf: inaccessible or not found"#),
            ]),
        LogPattern(
            "make-program", .missingTool,
            #"^g?b?n?make(?:\[\d+\])?: ([A-Za-z0-9_./+-]+): (?:No such file or directory|Command not found)$|make(?:\[\d+\])?: exec\(([^)]+)\) failed|^(?:/usr/bin/)?env: ['"`]?([^'"`:]+)['"`]?: No such file|bad interpreter: (?:No such file|Permission)|execvp?:? (\S+): No such file|[Cc]an't exec "([^"]+)"|unable to execute '?([^':]+)'?: No such file|^xargs: (\S+): No such file|^(?:nohup|nice|time|timeout|exec): (?:failed to run command )?['`]?([^':]+)[']?: No such file"#,
            precedence: .likely,
            literals: [
                "No such file or directory", "ommand not found",
            ], class: "missing program *",
            examples: [
                .init(
                    #"make[2]: ocamlbuild: No such file or directory"#,
                    #"make: ocamlbuild: No such file or directory"#),
                .init(
                    #"env: python: No such file or directory"#,
                    #"env: python: No such file or directory"#),
            ]),
        LogPattern(
            "missing-program", .missingTool,
            #""?([^\s":]+)"?: executable file not found|Failed to locate '([^']+)'|invalid active developer path|Unix_error\(Unix\.ENOENT, "(?:execvp?e?|create_process)", "([^"]*)"|execvp\(\) of '([^']+)' failed|linker `([^`]+)` not found|no such command: `([^`]+)`|'([^']+)': no such command|Cannot find external tool '([^']+)'|trying to exec '([^']+)'|execvp\(?:? ?(\S+?)\)?:.*No such file|xcrun: error: |posix_spawnp?: No such file|^\S*tar(?: \(child\))?: (\S+): Cannot exec: No such file|^tar: can't execute '([^']+)': No such file|^\S*tar: Error opening archive: .*(?:unable to run program "|Can't launch external program: )([^" ]+)"#,
            literals: [
                "executable file not found", "ailed to locate '", "invalid active developer path", "ENOENT, \"exec",
                "linker `", "no such command", "external tool", "ule named", "execvp", "trying to exec",
                "requires the following",
                "posix_spawn", "Cannot exec: No such", "tar: can't execute", "tar: Error opening archive",
            ], class: "missing program *",
            examples: [
                .init(
                    #"tar (child): xz: Cannot exec: No such file or directory"#,
                    #"tar (child): xz: Cannot exec: No such file or directory"#),
                .init(
                    #"exec: "cc": executable file not found in $PATH"#,
                    #"exec: 'cc': executable file not found in $PATH"#),
            ]),
        LogPattern(
            "script-module", .missingTool,
            #"No module named '?([^'\s]+)|Can't locate (\S+) in @INC|Cannot find module '([^']+)'|cannot load such file -- (\S+)"#,
            literals: [
                "No module named", "an't locate ", "annot find module", "annot load such file", "ModuleNotFoundError",
            ], class: "missing module of a tool *",
            examples: [
                .init(
                    #"ModuleNotFoundError: No module named 'yaml'"#,
                    #"ModuleNotFoundError: No module named 'yaml'"#)
            ]),
    ]
}
