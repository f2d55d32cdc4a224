internal import PluginMessages

extension CommonPatterns {
    /// Messages of the OCaml compilers and Coq about modules, names, interfaces and warnings.
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
            "reference-not-found", .unboundName,
            #"Error: (?:The (?:reference|variable|constructor) (\S+) was not found in|[Tt]he symbol (\S+) is undefined)"#,
            literals: [
                "Error: The reference", "not found in the current env", " is undefined",
            ],
            phase: .build, class: "unbound reference *",
            examples: [
                .init(
                    #"Error: The reference app_length was not found in the current environment."#,
                    #"Error: The reference app_length was not found in the current environment."#)
            ]),
        LogPattern(
            "ocaml-missing-module", .missingModule,
            #"Reference to undefined (?:compilation unit|global) ["`']?([^\s"']+)|Required module ["`']?([^\s"']+)["']? is unavailable|Could not find the \.cmi file for interface ?(\S*)|Error: Module "?([^\s"]+)"? doesn't exist|Cannot find a physical path bound to logical path(?: matching suffix)? ?(\S*)|Error: Cannot find library (\S+) in loadpath|Unable to locate library (\S+)|Cannot load module (\S+): no physical path|is an alias for module "?([^\s",]+)"?, which is missing"#,
            literals: [
                "No implementations provided", "eference to undefined ", "Required module", "Could not find the .cmi",
                "doesn't exist", "physical path", "no module named", "annot find library", "ot find library",
                "ound to logical path", "which is missing", "Unable to locate library", "Cannot load library",
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
            #"Error: (?:The files|Files) \S*\.cm\w+ |make inconsistent assumptions over (?:interface|implementation) (\S+)|not a (?:valid )?compiled interface|[Cc]orrupted compiled interface|[Ww]rong magic number|is not a bytecode|not a compilation unit description|seems to be for a(?:n older| newer)"#,
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
    ]
}
