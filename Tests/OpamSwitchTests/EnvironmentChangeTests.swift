import OpamFormat
import Testing

@testable import OpamSwitch

@Suite struct EnvironmentChangeTests {
    /// The result of every operator for an unset variable and for one with a value, according to the opam manual.
    @Test(arguments: [
        (UpdateOperator.set, "new", "new"), (.prepend, "new", "new:old"), (.append, "new", "old:new"),
        (.prependKeepingDefault, "new:", "new:old"), (.appendKeepingDefault, ":new", "old:new"),
        (.replaceInPlace, "new", "new:old"),
    ])
    func operators(change: UpdateOperator, ofUnset: String, ofSet: String) {
        let changes = [EnvironmentChange("V", change, "new")]
        #expect(changes.applied(to: [:]) == ["V": ofUnset])
        #expect(changes.applied(to: ["V": "old", "W": "x"]) == ["V": ofSet, "W": "x"])
    }

    @Test func laterChangesSeeEarlierOnes() {
        let changes = [
            EnvironmentChange("V", .set, "a"), EnvironmentChange("V", .prepend, "b"),
            EnvironmentChange("V", .append, "c"),
        ]
        #expect(changes.applied(to: ["V": "gone"]) == ["V": "b:a:c"])
    }

    /// The reference is the environment that opam 2.1.2 gave to a command of uunf in a switch with the system compiler.
    @Test func aBuildSeesWhatOpamGives() throws {
        let layout = SwitchLayout(root: "/opt/opam")
        let compiler = try OpamFile(
            parsing: """
                opam-version: "2.0"
                setenv: [
                  [OCAMLTOP_INCLUDE_PATH += "%{toplevel}%"]
                  [CAML_LD_LIBRARY_PATH = "%{_:stubsdir}%"]
                  [CAML_LD_LIBRARY_PATH += "%{lib}%/stublibs"]
                  [OCAML_TOPLEVEL_PATH = "%{toplevel}%"]
                ]
                """, file: "ocaml.4.13.1/opam")
        let ocaml = PackageVariables.Dependency(
            version: "4.13.1",
            variables: ["stubsdir": .string("/usr/local/lib/ocaml/4.13.1/stublibs:/usr/lib/ocaml/stublibs")])
        let ofCompiler = PackageVariables(
            of: "ocaml", version: "4.13.1", in: layout, global: [:], dependencies: ["ocaml": ocaml], jobs: 1)
        let variables = PackageVariables(
            of: "uunf", version: "15.0.0", in: layout, global: [:], dependencies: ["ocaml": ocaml], jobs: 1)
        let recipe = try BuildRecipe(
            of: OpamFile(parsing: "opam-version: \"2.0\"\n", file: "opam"), files: [:], variables: variables,
            changes: compiler.environment.expanded(in: ofCompiler),
            base: ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/home/opam"])
        #expect(
            recipe.environment == [
                "CAML_LD_LIBRARY_PATH":
                    "/opt/opam/default/lib/stublibs:/usr/local/lib/ocaml/4.13.1/stublibs:/usr/lib/ocaml/stublibs",
                "CDPATH": "", "MAKEFLAGS": "", "MAKELEVEL": "", "MANPATH": ":/opt/opam/default/man",
                "OCAMLTOP_INCLUDE_PATH": "/opt/opam/default/lib/toplevel",
                "OCAML_TOPLEVEL_PATH": "/opt/opam/default/lib/toplevel", "OPAMCLI": "2.0", "OPAMROOT": "/opt/opam",
                "OPAMSWITCH": "default", "OPAM_PACKAGE_NAME": "uunf", "OPAM_PACKAGE_VERSION": "15.0.0",
                "OPAM_SWITCH_PREFIX": "/opt/opam/default",
                "PATH": "/opt/opam/default/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            ])
    }
}
